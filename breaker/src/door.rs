//! What a call can tell without the lock: whether it may pass, whether its success changes anything,
//! when an open breaker is to be asked again.
//!
//! Written under the machine's lock alone and read by everybody. What belongs to an opening is written
//! before its word, and while the word still says other than open. Who sees an open word therefore sees
//! what belongs to it; who has read that and finds the word unchanged has read what belongs together, for
//! between two openings there is always another word.

use crate::cause_code::CauseCode;
use crate::clock::{Clock, Time};
use crate::state::State;
use crate::sync::{AtomicU64, Ordering};

/// State, generation and a few answers in one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    /// A call may pass without asking.
    pub(crate) const PASS: u64 = 1;
    /// A success of this generation changes nothing but counts.
    pub(crate) const CALM: u64 = 1 << 1;
    /// A call is rejected, without asking, until the open time is over.
    pub(crate) const SHUT: u64 = 1 << 2;
    /// A call that passes now counts nowhere: the breaker is disabled.
    pub(crate) const UNCOUNTED: u64 = 1 << 3;
    /// To take a result back the machine needs the time.
    pub(crate) const TIMED: u64 = 1 << 4;
    /// Of a ticket alone: the call was let through in shadow mode; its result moves nothing.
    pub(crate) const BYSTANDER: u64 = 1 << 5;
    /// Of a breaker for life: it reads the fast clock.
    #[cfg(feature = "quanta")]
    const FAST_CLOCK: u64 = 1 << 15;

    const STATE: u32 = 6;
    const CAUSE: u32 = 8;
    const GENERATION: u32 = 16;

    pub(crate) fn new(flags: u64, state: State, cause: CauseCode, generation: u64) -> Self {
        let state = match state {
            State::Closed => 0,
            State::Open => 1,
            State::HalfOpen => 2,
        };
        Self(
            flags
                | state << Self::STATE
                | u64::from(cause.kind) << Self::CAUSE
                | generation << Self::GENERATION,
        )
    }

    /// Remembers the clock, for all words to come.
    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        match clock {
            Clock::Standard => self,
            #[cfg(feature = "quanta")]
            Clock::Fast => self.with(Self::FAST_CLOCK),
        }
    }

    #[inline]
    pub(crate) const fn clock(self) -> Clock {
        #[cfg(feature = "quanta")]
        if self.is(Self::FAST_CLOCK) {
            return Clock::Fast;
        }
        Clock::Standard
    }

    pub(crate) const fn is(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    pub(crate) const fn with(self, flags: u64) -> Self {
        Self(self.0 | flags)
    }

    pub(crate) const fn without(self, flags: u64) -> Self {
        Self(self.0 & !flags)
    }

    pub(crate) const fn state(self) -> State {
        match self.0 >> Self::STATE & 3 {
            0 => State::Closed,
            1 => State::Open,
            _ => State::HalfOpen,
        }
    }

    pub(crate) const fn generation(self) -> u64 {
        self.0 >> Self::GENERATION
    }

    /// Whether a call of this word, let through without asking, comes back to a breaker that is still
    /// closed and undisturbed, as `present` says.
    pub(crate) const fn is_of_closed(self, present: Self) -> bool {
        let differs = (self.0 ^ present.0) & !Self::CALM;
        differs == 0 && present.is(Self::PASS) && !present.is(Self::UNCOUNTED)
    }

    const fn kind_of_cause(self) -> u8 {
        (self.0 >> Self::CAUSE & 15) as u8
    }
}

#[derive(Debug)]
pub(crate) struct Door {
    word: AtomicU64,
    /// When an open breaker lets a probe through.
    until: AtomicU64,
    /// The numbers that belong to the cause.
    counts: AtomicU64,
}

impl Door {
    pub(crate) fn new(word: Word) -> Self {
        Self {
            word: AtomicU64::new(word.0),
            until: AtomicU64::new(Time::NEVER.as_nanos()),
            counts: AtomicU64::new(0),
        }
    }

    /// The present, by the breaker's clock.
    pub(crate) fn now(&self) -> Time {
        self.word().clock().now()
    }

    #[inline]
    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    pub(crate) fn until(&self) -> Time {
        Time::from_nanos(self.until.load(Ordering::Acquire))
    }

    /// Why the breaker is as `word` says. Without the lock only of use if the word is open, and still so
    /// afterwards.
    pub(crate) fn cause(&self, word: Word) -> CauseCode {
        CauseCode {
            kind: word.kind_of_cause(),
            counts: self.counts.load(Ordering::Acquire),
        }
    }

    /// Under the lock.
    pub(crate) fn set_until(&self, until: Time) {
        self.until.store(until.as_nanos(), Ordering::Release);
    }

    /// Under the lock, when the breaker opens: what is read along with an open word then belongs to it.
    pub(crate) fn set_cause(&self, cause: CauseCode) {
        self.counts.store(cause.counts, Ordering::Release);
    }

    /// Under the lock, after the others.
    pub(crate) fn set_word(&self, word: Word) {
        self.word.store(word.0, Ordering::Release);
    }
}
