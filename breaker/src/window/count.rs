//! The last n calls exactly: a ring of bits beside running sums.

use super::Tally;

const BITS: u32 = u64::BITS;

#[derive(Debug)]
pub(crate) struct CountWindow {
    /// One bit for each call, set if it failed; then, if slow calls matter, one for each, set if slow.
    bits: Box<[u64]>,
    size: u32,
    /// Where the next call goes: once the window is full, in place of the oldest.
    next: u32,
    calls: u32,
    failures: u32,
    slow: u32,
    /// Whether there are bits for slow calls.
    keeps_slow: bool,
}

impl CountWindow {
    pub(super) fn new(size: u32, slow: bool) -> Self {
        let planes = if slow { 2 } else { 1 };
        Self {
            bits: vec![0; words(size) * planes].into(),
            size,
            next: 0,
            calls: 0,
            failures: 0,
            slow: 0,
            keeps_slow: slow,
        }
    }

    pub(crate) fn record(&mut self, failed: bool, slow: bool) {
        if self.keeps_slow {
            let word = words(self.size) + (self.next / BITS) as usize;
            let before = exchange(&mut self.bits[word], self.next, slow);
            self.slow = self.slow + u32::from(slow) - before;
        }
        self.record_quick(failed);
    }

    /// Records a call of which it does not matter whether it was slow.
    #[inline]
    pub(crate) fn record_quick(&mut self, failed: bool) {
        let before = exchange(
            &mut self.bits[(self.next / BITS) as usize],
            self.next,
            failed,
        );
        self.failures = self.failures + u32::from(failed) - before;
        self.calls += u32::from(self.calls < self.size);
        self.next += 1;
        if self.next == self.size {
            self.next = 0;
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.calls == self.size
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls
    }

    /// Full of quick successes: one more turns the ring by one and leaves it as it is.
    pub(super) fn is_calm(&self) -> bool {
        self.is_full() && self.failures == 0 && self.slow == 0
    }

    pub(super) fn tally(&self) -> Tally {
        Tally {
            calls: self.calls.into(),
            failures: self.failures.into(),
            slow: self.slow.into(),
        }
    }

    pub(super) fn clear(&mut self) {
        self.bits.fill(0);
        self.next = 0;
        self.calls = 0;
        self.failures = 0;
        self.slow = 0;
    }

    /// Takes the newest calls over into a window of another size. Calls of before slow ones mattered
    /// count as quick.
    pub(super) fn resize(&mut self, size: u32, slow: bool) {
        if (size, slow) == (self.size, self.keeps_slow) {
            return;
        }
        let mut resized = Self::new(size, slow);
        let kept = self.calls.min(size);
        for age in (0..kept).rev() {
            // The newest call, of age 0, lies just before `next`.
            let at = (self.next + self.size - 1 - age) % self.size;
            resized.record(self.bit(0, at), self.keeps_slow && self.bit(1, at));
        }
        *self = resized;
    }

    fn bit(&self, plane: usize, at: u32) -> bool {
        let word = self.bits[plane * words(self.size) + (at / BITS) as usize];
        word >> (at % BITS) & 1 == 1
    }
}

/// Sets or clears the bit of a call; what it was before, as a number.
#[inline]
fn exchange(word: &mut u64, at: u32, set: bool) -> u32 {
    let bit = at % BITS;
    let before = *word >> bit & 1;
    *word ^= (before ^ u64::from(set)) << bit;
    before as u32
}

fn words(size: u32) -> usize {
    size.div_ceil(BITS) as usize
}
