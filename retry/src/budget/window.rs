//! What was counted in the last so much time, in ten buckets: the same memory and the same work
//! whatever the traffic.

/// The window slides on by a tenth of its length.
const BUCKETS: usize = 10;

/// How many calls there were, and how many retries and hedges were sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) calls: u64,
    pub(super) spent: u64,
}

/// All moments are nanoseconds since the budget was built, in the order in which threads happen to
/// arrive: the window never slides back for one that is late.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// A ring, so that sliding on means clearing the oldest.
    buckets: [Counts; BUCKETS],
    /// All buckets together.
    sum: Counts,
    /// How long a bucket is being filled.
    width: u64,
    /// When the newest bucket is over.
    ends: u64,
    /// Where the newest bucket is.
    newest: usize,
}

impl Window {
    /// A window of this many nanoseconds, at least ten.
    pub(super) fn new(length: u64) -> Self {
        let width = length / BUCKETS as u64;
        Self {
            buckets: [Counts::default(); BUCKETS],
            sum: Counts::default(),
            width,
            ends: width,
            newest: 0,
        }
    }

    /// A window of another length with what this one holds, as of the latest moment it has heard of, or
    /// `now` if that is later. When something was within its tenth is not known: a call counts as made at the
    /// beginning of it, and what was sent as sent at its end, so that the change allows nothing that would
    /// not have been allowed.
    pub(super) fn resized(&self, length: u64, now: u64) -> Self {
        let latest = now.max(self.ends - self.width);
        let mut window = Self::new(length);
        window.slide(latest);
        for back in 0..BUCKETS {
            let counts = self.buckets[(self.newest + BUCKETS - back) % BUCKETS];
            let end = self.ends.saturating_sub(back as u64 * self.width);
            if end == 0 {
                break; // before the first moment nothing was counted
            }
            let moved = Counts { spent: 0, ..counts };
            window.put(end - self.width, moved);
            let moved = Counts { calls: 0, ..counts };
            window.put((end - 1).min(latest), moved);
        }
        window
    }

    /// Adds what happened at a moment that is not after the newest bucket, unless it is out of the window.
    fn put(&mut self, moment: u64, counts: Counts) {
        if moment + BUCKETS as u64 * self.width < self.ends {
            return;
        }
        let at = self.bucket_of(moment);
        self.buckets[at].calls += counts.calls;
        self.buckets[at].spent += counts.spent;
        self.sum.calls += counts.calls;
        self.sum.spent += counts.spent;
    }

    #[inline]
    pub(super) fn add_call(&mut self, now: u64) {
        self.slide(now);
        let at = self.bucket_of(now);
        self.buckets[at].calls += 1;
        self.sum.calls += 1;
    }

    #[inline]
    pub(super) fn add_spent(&mut self, now: u64) {
        self.slide(now);
        let at = self.bucket_of(now);
        self.buckets[at].spent += 1;
        self.sum.spent += 1;
    }

    /// What is in the window, as of the latest moment it has heard of.
    #[inline]
    pub(super) fn counts(&self) -> Counts {
        self.sum
    }

    /// What will be left in the window, and from when on, as it slides on with nothing added to it.
    pub(super) fn outlook(&self) -> impl Iterator<Item = (u64, Counts)> + '_ {
        let mut left = self.sum;
        (0..BUCKETS).map(move |slides| {
            let gone = self.buckets[(self.newest + 1 + slides) % BUCKETS];
            left.calls -= gone.calls;
            left.spent -= gone.spent;
            (self.ends + slides as u64 * self.width, left)
        })
    }

    /// Lets go of what is out of the window by now.
    #[inline]
    pub(super) fn slide(&mut self, now: u64) {
        if now >= self.ends {
            self.slide_on(now);
        }
    }

    #[cold]
    fn slide_on(&mut self, now: u64) {
        let slides = (now - self.ends) / self.width + 1;
        self.ends += slides * self.width;
        for _ in 0..slides.min(BUCKETS as u64) {
            self.newest = (self.newest + 1) % BUCKETS;
            let gone = std::mem::take(&mut self.buckets[self.newest]);
            self.sum.calls -= gone.calls;
            self.sum.spent -= gone.spent;
        }
    }

    /// The bucket of a moment before the end of the newest one; the oldest for one that is out of
    /// the window, so that nothing is lost.
    #[inline]
    fn bucket_of(&self, now: u64) -> usize {
        if now + self.width >= self.ends {
            return self.newest;
        }
        let back = ((self.ends - 1 - now) / self.width).min(BUCKETS as u64 - 1);
        (self.newest + BUCKETS - back as usize) % BUCKETS
    }
}
