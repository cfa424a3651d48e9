//! Places, taken and given back without a lock: how many are busy, how many there are, and whether
//! anybody has to be asked first, in one word.

use crate::sync::{AtomicU64, Ordering};

/// The most places there can be.
pub(crate) const MOST: u32 = (1 << 30) - 1;

const LIMIT: u32 = 30;
/// Callers wait in line. Places that come back are theirs: newcomers have to go through the lock, and so
/// does whoever gives a place back.
const QUEUED: u64 = 1 << 60;
/// Nobody gets in any more.
const CLOSED: u64 = 1 << 61;
/// Somebody waits for the last place to come back.
const DRAINING: u64 = 1 << 62;

/// The state of the door at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    #[inline]
    pub(crate) fn busy(self) -> u32 {
        (self.0 & u64::from(MOST)) as u32
    }

    #[inline]
    pub(crate) fn limit(self) -> u32 {
        ((self.0 >> LIMIT) & u64::from(MOST)) as u32
    }

    #[inline]
    pub(crate) fn is_queued(self) -> bool {
        self.0 & QUEUED != 0
    }

    #[inline]
    pub(crate) fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// Whether whoever gives a place back has to go through the lock.
    #[inline]
    fn is_awaited(self) -> bool {
        self.0 & (QUEUED | DRAINING) != 0
    }

    /// Whether there is room for so many more, whoever they are for.
    #[inline]
    fn has_room_for(self, places: u32) -> bool {
        // Neither is more than `MOST`, so the sum cannot overflow.
        self.busy() + places <= self.limit()
    }
}

#[derive(Debug)]
pub(crate) struct Door {
    word: AtomicU64,
    /// The most places ever busy at a time.
    peak: AtomicU64,
}

impl Door {
    /// `limit` is at most [`MOST`], as all numbers of places here.
    pub(crate) fn new(limit: u32) -> Self {
        Self {
            word: AtomicU64::new(u64::from(limit) << LIMIT),
            peak: AtomicU64::new(0),
        }
    }

    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    pub(crate) fn peak(&self) -> u32 {
        self.peak.load(Ordering::Relaxed) as u32
    }

    /// Takes so many places, if they are free, nobody waits and the door is open.
    #[inline]
    pub(crate) fn take(&self, places: u32) -> Result<(), Word> {
        let mut word = Word(self.word.load(Ordering::Relaxed));
        loop {
            if word.0 & (QUEUED | CLOSED) != 0 || !word.has_room_for(places) {
                return Err(word);
            }
            let taken = word.0 + u64::from(places);
            // Acquire: what the one before did in its place comes before what this one does.
            match self.word.compare_exchange_weak(
                word.0,
                taken,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.note_peak(Word(taken).busy());
                    return Ok(());
                }
                Err(other) => word = Word(other),
            }
        }
    }

    /// Gives places back. Whether somebody waits for them, who then has to be served under the lock.
    #[inline]
    #[must_use = "whoever waits for the place is to be served"]
    pub(crate) fn give(&self, places: u32) -> bool {
        // Release: what was done in the place comes before what the next one does. In one order with
        // `hold`: either this sees that somebody waits, or they see the place.
        Word(self.word.fetch_sub(u64::from(places), Ordering::Release)).is_awaited()
    }

    /// Holds newcomers up. Only under the lock, as all that follows.
    pub(crate) fn hold(&self) -> Word {
        Word(self.word.fetch_or(QUEUED, Ordering::Acquire) | QUEUED)
    }

    /// Lets newcomers in again.
    pub(crate) fn let_go(&self) {
        self.word.fetch_and(!QUEUED, Ordering::Release);
    }

    /// Takes places for one who stands first in line: nobody else can take any meanwhile.
    pub(crate) fn take_held(&self, places: u32) -> bool {
        let word = self.word();
        debug_assert!(word.is_queued(), "places are taken under hold alone");
        if !word.has_room_for(places) {
            return false;
        }
        let before = self.word.fetch_add(u64::from(places), Ordering::Acquire);
        self.note_peak(Word(before).busy() + places);
        true
    }

    pub(crate) fn close(&self) {
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Whether any place is busy, of which the last one that comes back is then reported.
    pub(crate) fn drain(&self) -> Word {
        Word(self.word.fetch_or(DRAINING, Ordering::AcqRel))
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        let mask = !(u64::from(MOST) << LIMIT);
        let limit = u64::from(limit) << LIMIT;
        let mut word = self.word.load(Ordering::Relaxed);
        while let Err(other) = self.word.compare_exchange_weak(
            word,
            (word & mask) | limit,
            Ordering::AcqRel,
            Ordering::Relaxed,
        ) {
            word = other;
        }
    }

    #[inline]
    fn note_peak(&self, busy: u32) {
        let busy = u64::from(busy);
        // Mostly it is not one, and reading is all.
        if busy > self.peak.load(Ordering::Relaxed) {
            self.peak.fetch_max(busy, Ordering::Relaxed);
        }
    }
}
