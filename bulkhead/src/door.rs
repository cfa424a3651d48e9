//! Places, taken and given back without a lock: how many are busy, how many are free, and whether anybody
//! has to be asked first, in one word.

use crate::sync::{AtomicU64, Ordering};

/// The most places there can be.
pub(crate) const MOST: u32 = (1 << 28) - 1;

/// Callers wait in line. Places that come back are theirs: newcomers have to go through the lock, and so
/// does whoever gives a place back.
const QUEUED: u32 = 1 << 28;
/// Nobody gets in any more.
const CLOSED: u32 = 1 << 29;
/// Somebody waits for the last place to come back.
const DRAINING: u32 = 1 << 30;
/// Whoever takes or gives back a place has something more to do: to measure, or to tell observers.
const WATCHED: u32 = 1 << 31;

/// What the free places are lowered by while there is any flag, more than there can be.
const SHUT: i32 = 1 << 30;

/// The state of the door at one moment.
///
/// The lower half has the busy places and the flags. The upper half has the free places as a signed number:
/// negative while more are busy than there are, after their number was lowered, and made negative by
/// any flag. So the sign of the whole tells, in one look, whether a place can simply be taken, and after
/// a place came back whether that was all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    fn new(busy: u32, limit: u32, flags: u32) -> Self {
        let shut = if flags == 0 { 0 } else { SHUT };
        // All of them are less than 2^30 in size, so nothing overflows.
        let free = limit as i32 - busy as i32 - shut;
        Self(u64::from(free as u32) << 32 | u64::from(flags | busy))
    }

    #[inline]
    pub(crate) fn busy(self) -> u32 {
        self.0 as u32 & MOST
    }

    #[inline]
    pub(crate) fn limit(self) -> u32 {
        (self.free() + self.busy() as i32) as u32
    }

    #[inline]
    pub(crate) fn is_queued(self) -> bool {
        self.flags() & QUEUED != 0
    }

    #[inline]
    pub(crate) fn is_closed(self) -> bool {
        self.flags() & CLOSED != 0
    }

    #[inline]
    pub(crate) fn is_watched(self) -> bool {
        self.flags() & WATCHED != 0
    }

    /// Whether whoever gives a place back has to go through the lock.
    #[inline]
    pub(crate) fn is_awaited(self) -> bool {
        self.flags() & (QUEUED | DRAINING) != 0
    }

    /// Whether neither is anybody to be asked nor are more places busy than there are.
    #[inline]
    pub(crate) fn is_plain(self) -> bool {
        self.0 as i64 >= 0
    }

    #[inline]
    pub(crate) fn has_flags(self) -> bool {
        self.flags() != 0
    }

    #[inline]
    fn flags(self) -> u32 {
        self.0 as u32 & !MOST
    }

    /// Negative while more are busy than there are.
    #[inline]
    fn free(self) -> i32 {
        let shut = if self.flags() == 0 { 0 } else { SHUT };
        (self.0 >> 32) as i32 + shut
    }

    /// Whether there is room for so many more, whoever they are for.
    #[inline]
    fn has_room_for(self, places: u32) -> bool {
        self.free() >= places as i32
    }

    /// So many more busy, and fewer free.
    #[inline]
    fn taken(self, places: u32) -> Self {
        Self(self.0.wrapping_add(taking(places)))
    }
}

/// What is added to the word for places that are taken; it is subtracted for those given back.
#[inline]
fn taking(places: u32) -> u64 {
    let places = u64::from(places);
    places.wrapping_sub(places << 32)
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
            word: AtomicU64::new(Word::new(0, limit, 0).0),
            peak: AtomicU64::new(0),
        }
    }

    pub(crate) fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    pub(crate) fn peak(&self) -> u32 {
        self.peak.load(Ordering::Relaxed) as u32
    }

    /// Takes so many places, if they are free and there is no flag.
    #[inline]
    pub(crate) fn take(&self, places: u32) -> Result<(), Word> {
        self.take_if(places, |word| word.taken(places).is_plain())
    }

    /// Takes so many places of a door that may be watched, if they are free, nobody waits, and it is open.
    pub(crate) fn take_watched(&self, places: u32) -> Result<(), Word> {
        self.take_if(places, |word| {
            word.flags() & !WATCHED == 0 && word.has_room_for(places)
        })
    }

    #[inline]
    fn take_if(&self, places: u32, is_free: impl Fn(Word) -> bool) -> Result<(), Word> {
        let mut word = Word(self.word.load(Ordering::Relaxed));
        loop {
            if !is_free(word) {
                return Err(word);
            }
            let taken = word.taken(places);
            // Acquire: what the one before did in its place comes before what this one does.
            match self.word.compare_exchange_weak(
                word.0,
                taken.0,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.note_peak(taken.busy());
                    return Ok(());
                }
                Err(other) => word = Word(other),
            }
        }
    }

    /// Gives places back. The word before that tells whether somebody waits for them, who then has to be
    /// served under the lock.
    #[inline]
    #[must_use = "whoever waits for the place is to be served"]
    pub(crate) fn give(&self, places: u32) -> Word {
        // Release: what was done in the place comes before what the next one does. In one order with
        // `take_or_hold`: either this sees that somebody waits, or they see the place.
        Word(self.word.fetch_sub(taking(places), Ordering::Release))
    }

    /// From now on.
    pub(crate) fn watch(&self) {
        self.set_flags(|flags| flags | WATCHED);
    }

    /// Takes places, if they are free and the door is open; else holds newcomers up. In one step, so that
    /// nobody is held up by one who finds room. Only under the lock while nobody waits, and only under the
    /// lock is all that follows.
    pub(crate) fn take_or_hold(&self, places: u32) -> Result<(), Word> {
        let mut word = Word(self.word.load(Ordering::Relaxed));
        loop {
            let is_free = !word.is_closed() && word.has_room_for(places);
            let changed = match is_free {
                true => word.taken(places),
                false => Word::new(word.busy(), word.limit(), word.flags() | QUEUED),
            };
            match self.word.compare_exchange_weak(
                word.0,
                changed.0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) if is_free => {
                    self.note_peak(changed.busy());
                    return Ok(());
                }
                Ok(_) => return Err(changed),
                Err(other) => word = Word(other),
            }
        }
    }

    /// Lets newcomers in again.
    pub(crate) fn let_go(&self) {
        self.set_flags(|flags| flags & !QUEUED);
    }

    /// Takes places for one who stands first in line: nobody else can take any meanwhile. If that is the
    /// last one, lets newcomers in again.
    pub(crate) fn take_held(&self, places: u32, is_last: bool) -> bool {
        let mut word = Word(self.word.load(Ordering::Relaxed));
        debug_assert!(word.is_queued(), "places are taken under hold alone");
        let let_go = if is_last { QUEUED } else { 0 };
        while word.has_room_for(places) {
            let taken = Word::new(word.busy() + places, word.limit(), word.flags() & !let_go);
            match self.word.compare_exchange_weak(
                word.0,
                taken.0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.note_peak(taken.busy());
                    return true;
                }
                Err(other) => word = Word(other),
            }
        }
        false
    }

    pub(crate) fn close(&self) {
        self.set_flags(|flags| flags | CLOSED);
    }

    /// Whether any place is busy, of which the last one that comes back is then reported.
    pub(crate) fn drain(&self) -> Word {
        self.set_flags(|flags| flags | DRAINING)
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.change(|word| Word::new(word.busy(), limit, word.flags()));
    }

    fn set_flags(&self, flags: impl Fn(u32) -> u32) -> Word {
        self.change(|word| Word::new(word.busy(), word.limit(), flags(word.flags())))
    }

    /// The word as it is after the change.
    fn change(&self, to: impl Fn(Word) -> Word) -> Word {
        let mut word = Word(self.word.load(Ordering::Relaxed));
        loop {
            let changed = to(word);
            match self.word.compare_exchange_weak(
                word.0,
                changed.0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return changed,
                Err(other) => word = Word(other),
            }
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

#[cfg(test)]
#[cfg(not(steadfast_loom))]
mod tests;
