//! What the handles of one retry share.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::backoff::Draws;
use crate::budget::Budget;
use crate::counters::Counters;
use crate::observer::Observer;
use crate::observers::Observers;
use crate::policy::Policy;
use crate::retry::Retry;
#[cfg(feature = "tokio")]
use crate::run::is_due_to_give_way;
#[cfg(feature = "tokio")]
use crate::verdict::Verdict;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    pub(crate) budget: Option<Budget>,
    pub(crate) counters: Counters,
    pub(crate) observers: Observers<dyn Observer>,
    /// How many sequences of backoffs have been drawn, so that no two are the same.
    sequences: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        name: Arc<str>,
        policy: Policy,
        budget: Option<Budget>,
        observers: Observers<dyn Observer>,
    ) -> Self {
        Self {
            name,
            policy,
            budget,
            counters: Counters::new(),
            observers,
            sequences: AtomicU64::new(0),
        }
    }

    /// Whether another attempt follows so many, of which the last failed with this verdict, without a wait,
    /// and there is nothing to ask, keep or tell, and it is not the turn of others.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn repeats_at_once(
        &self,
        attempts: u32,
        max_attempts: u32,
        verdict: Verdict,
    ) -> bool {
        self.policy.at_once
            && verdict == Verdict::Retry
            && attempts < max_attempts
            && !self.observers.any()
            && !is_due_to_give_way(attempts)
    }

    /// The seed of a sequence of backoffs unlike that of any other call.
    pub(crate) fn sequence(&self) -> u64 {
        let sequence = self.sequences.fetch_add(1, Ordering::Relaxed);
        self.policy.seed ^ sequence.wrapping_mul(SPREAD)
    }

    pub(crate) fn draws(&self) -> Draws {
        Draws::new(self.sequence())
    }
}

/// Spreads the numbers 0, 1, 2 ... over all 64 bits. Odd, so that no two of them meet.
const SPREAD: u64 = 0xD1B5_4A32_D192_ED03;

/// How a call holds on to its retry: it borrows it, or keeps a handle of its own.
pub(crate) trait Held {
    fn shared(&self) -> &Shared;

    /// How many attempts the call makes at most.
    #[inline]
    fn max_attempts(&self) -> u32 {
        self.shared().policy.config.max_attempts
    }
}

impl Held for &Shared {
    #[inline]
    fn shared(&self) -> &Shared {
        self
    }
}

impl Held for Retry {
    #[inline]
    fn shared(&self) -> &Shared {
        Self::shared(self)
    }
}

/// A retry that is borrowed for one call, which may have a limit of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Borrowed<'r> {
    pub(crate) shared: &'r Shared,
    max_attempts: u32,
}

impl<'r> Borrowed<'r> {
    #[inline]
    pub(crate) fn new(shared: &'r Shared) -> Self {
        Self {
            shared,
            max_attempts: shared.policy.config.max_attempts,
        }
    }

    /// Of several limits, the last one given holds.
    #[track_caller]
    pub(crate) fn limit_attempts(&mut self, max_attempts: u32) {
        assert!(max_attempts > 0, "max_attempts must be at least 1");
        self.max_attempts = max_attempts;
    }
}

impl Held for Borrowed<'_> {
    #[inline]
    fn shared(&self) -> &Shared {
        self.shared
    }

    #[inline]
    fn max_attempts(&self) -> u32 {
        self.max_attempts
    }
}
