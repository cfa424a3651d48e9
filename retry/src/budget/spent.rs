//! A refusal, which answers "why, and when again?".

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Extra;
use super::state::Refusal;

/// A [`Budget`](crate::Budget) had nothing left for a retry or a hedge.
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetSpent {
    name: Arc<str>,
    refusal: Refusal,
}

/// Why a budget had nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SpentReason {
    /// What the calls in the window allow has been sent.
    Spent,
    /// There would be something left but for those that were granted and still wait to be sent.
    Waiting,
}

impl BudgetSpent {
    pub(super) fn new(name: Arc<str>, refusal: Refusal) -> Self {
        Self { name, refusal }
    }

    /// The name of the budget.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was asked for.
    #[must_use]
    pub fn extra(&self) -> Extra {
        self.refusal.extra
    }

    /// Why there was nothing left.
    #[must_use]
    pub fn reason(&self) -> SpentReason {
        self.refusal.reason
    }

    /// When there will be something left because older retries and hedges are out of the window, if
    /// nothing else happens meanwhile. Another call, or one of those waiting that is given back, can
    /// make it earlier. `None` if that alone never helps.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal.retry_after.map(Duration::from_nanos)
    }
}

impl fmt::Display for BudgetSpent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal {
            extra,
            calls,
            spent,
            waiting,
            allowance,
            ..
        } = self.refusal;
        let plural = if calls == 1 { "" } else { "s" };
        write!(
            f,
            "budget {:?} has nothing left for a {extra}: {} of {} used by {calls} call{plural} in the last {:?}",
            self.name,
            spent + waiting,
            hundredths(allowance),
            self.refusal.window,
        )?;
        if waiting > 0 {
            write!(f, ", {waiting} of them waiting")?;
        }
        match self.refusal.retry_after {
            // Rounded up to a millisecond: nobody waits for nanoseconds, and never too short.
            Some(wait) => {
                let wait = Duration::from_millis(wait.div_ceil(1_000_000));
                write!(f, "; retry after {wait:?}")
            }
            None => Ok(()),
        }
    }
}

/// Rounded down, so that 20.999 does not read as if there were one more.
fn hundredths(allowance: f64) -> f64 {
    ((allowance + 1e-9) * 100.0).floor() / 100.0
}

impl Error for BudgetSpent {}
