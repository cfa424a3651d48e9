//! What the handles of one retry share.

use std::num::NonZeroU32;
#[cfg(feature = "tokio")]
use std::sync::atomic::AtomicU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::backoff::Draws;
use crate::budget::{Budget, BudgetConfig};
use crate::config::Config;
use crate::counters::Counters;
use crate::error::{ConfigError, FieldError};
use crate::observer::Observer;
use crate::observers::Observers;
use crate::policy::Policy;
use crate::retry::Retry;
#[cfg(feature = "tokio")]
use crate::run::is_due_to_give_way;
#[cfg(feature = "tokio")]
use crate::verdict::Verdict;
use crate::versions::Versions;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: Arc<str>,
    policies: Versions<Policy>,
    /// What the newest of them says, for calls that succeed at once and need no more of it. Relaxed: a call
    /// that comes together with other settings is one of before or after.
    timed: AtomicBool,
    /// How many attempts a call makes at most whose retries follow at once; 0 where they do not.
    #[cfg(feature = "tokio")]
    at_once: AtomicU32,
    /// One at a time changes the settings.
    changing: Mutex<()>,
    /// The budget, once there has been one. It stays: what it has granted is given back to it, whatever
    /// the settings say by then.
    budget: OnceLock<Budget>,
    /// Whether the budget was brought along, and is not described by the settings.
    is_budget_shared: bool,
    /// Of all sequences of backoffs.
    seed: u64,
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
        seed: u64,
        observers: Observers<dyn Observer>,
    ) -> Self {
        let is_own = policy.config.budget.is_some();
        Self {
            name,
            timed: AtomicBool::new(policy.timed),
            #[cfg(feature = "tokio")]
            at_once: AtomicU32::new(policy.attempts_at_once()),
            policies: Versions::new(policy),
            changing: Mutex::new(()),
            is_budget_shared: budget.is_some() && !is_own,
            budget: budget.map(OnceLock::from).unwrap_or_default(),
            seed,
            counters: Counters::new(),
            observers,
            sequences: AtomicU64::new(0),
        }
    }

    /// The settings as they are now. Whoever decides something asks once, and goes by one set of them.
    #[inline]
    pub(crate) fn policy(&self) -> &Policy {
        self.policies.newest()
    }

    /// Whether calls have to know the time from their beginning, whatever limit they bring themselves.
    #[inline]
    pub(crate) fn is_timed(&self) -> bool {
        self.timed.load(Ordering::Relaxed)
    }

    /// The budget that retries are taken from by these settings.
    #[inline]
    pub(crate) fn budget_of(&self, policy: &Policy) -> Option<&Budget> {
        policy.budgeted.then(|| self.budget.get()).flatten()
    }

    /// The budget that has granted something, whether or not it is still asked.
    #[inline]
    pub(crate) fn granting(&self) -> Option<&Budget> {
        self.budget.get()
    }

    /// Goes over to other settings.
    pub(crate) fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let mut fields = config.broken_fields();
        if let (true, Some(_), Some(budget)) =
            (self.is_budget_shared, &config.budget, self.budget.get())
        {
            fields.push(FieldError::two_budgets(budget));
        }
        if !fields.is_empty() {
            return Err(ConfigError::new("retry", Arc::clone(&self.name), fields));
        }
        let changing = self.changing.lock();
        if let Some(budget) = config.budget {
            self.set_own_budget(budget)?;
        }
        let policy = self.policy();
        if policy.config != config {
            let budgeted = self.is_budget_shared || config.budget.is_some();
            let policy = Policy::new(config, policy.deadline, budgeted);
            let timed = policy.timed;
            #[cfg(feature = "tokio")]
            let at_once = policy.attempts_at_once();
            self.policies.replace(policy);
            self.timed.store(timed, Ordering::Relaxed);
            #[cfg(feature = "tokio")]
            self.at_once.store(at_once, Ordering::Relaxed);
        }
        drop(changing);
        Ok(())
    }

    fn set_own_budget(&self, config: BudgetConfig) -> Result<(), ConfigError> {
        if let Some(budget) = self.budget.get() {
            return budget.reconfigure(config);
        }
        let budget = Budget::builder(Arc::clone(&self.name)).config(config);
        let budget = budget.build()?;
        self.budget.get_or_init(|| budget);
        Ok(())
    }

    /// Whether another attempt follows so many, of which the last failed with this verdict, without a wait,
    /// and there is nothing to ask, keep or tell, and it is not the turn of others.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn repeats_at_once(
        &self,
        attempts: u32,
        limit: Option<NonZeroU32>,
        verdict: Verdict,
    ) -> bool {
        let most = self.at_once.load(Ordering::Relaxed);
        most != 0
            && verdict == Verdict::Retry
            && attempts < limit.map_or(most, NonZeroU32::get)
            && !self.observers.any()
            && !is_due_to_give_way(attempts)
    }

    /// The seed of a sequence of backoffs unlike that of any other call.
    pub(crate) fn sequence(&self) -> u64 {
        let sequence = self.sequences.fetch_add(1, Ordering::Relaxed);
        self.seed ^ sequence.wrapping_mul(SPREAD)
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

    /// How many attempts the call makes at most, if it has a limit of its own.
    #[inline]
    fn attempts_limit(&self) -> Option<NonZeroU32> {
        None
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
    limit: Option<NonZeroU32>,
}

impl<'r> Borrowed<'r> {
    #[inline]
    pub(crate) fn new(shared: &'r Shared) -> Self {
        Self {
            shared,
            limit: None,
        }
    }

    /// Of several limits, the last one given holds.
    #[track_caller]
    pub(crate) fn limit_attempts(&mut self, max_attempts: u32) {
        self.limit = NonZeroU32::new(max_attempts);
        assert!(self.limit.is_some(), "max_attempts must be at least 1");
    }
}

impl Held for Borrowed<'_> {
    #[inline]
    fn shared(&self) -> &Shared {
        self.shared
    }

    #[inline]
    fn attempts_limit(&self) -> Option<NonZeroU32> {
        self.limit
    }
}
