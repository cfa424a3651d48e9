//! The metrics of retry budgets.

use super::{ATTEMPT, ERROR_TYPE};
use crate::attribute::Attribute;
use crate::instrument::Instrument;

const EXTRAS: Attribute = Attribute::one_of(ATTEMPT, &["retry", "hedge"]);

/// What is left. A budget of nothing at all has 0 all the time.
pub const BUDGET_TOKENS: Instrument = Instrument::gauge(
    "resilience.retry.budget.tokens",
    "{attempt}",
    "Retries and hedges that would be allowed now.",
)
.with_history();
/// Calls, of which retries and hedges may be a share.
pub const BUDGET_CALLS: Instrument = Instrument::counter(
    "resilience.retry.budget.calls",
    "{call}",
    "Calls that the budget has recorded, their retries and hedges left out.",
);
/// Extra attempts that were sent, by [`ATTEMPT`].
pub const BUDGET_SPENT: Instrument = Instrument::counter(
    "resilience.retry.budget.spent",
    "{attempt}",
    "Retries and hedges that were allowed and sent.",
)
.by(&[EXTRAS]);
/// Extra attempts that were granted and not needed.
pub const BUDGET_GIVEN_BACK: Instrument = Instrument::counter(
    "resilience.retry.budget.given_back",
    "{attempt}",
    "Retries and hedges that were allowed and not sent after all.",
);
/// Extra attempts that were granted and are in a backoff.
pub const BUDGET_WAITING: Instrument = Instrument::up_down_counter(
    "resilience.retry.budget.waiting",
    "{attempt}",
    "Retries and hedges that were allowed and wait to be sent.",
);
/// Refusals, by [`ATTEMPT`] and [`ERROR_TYPE`]: all was spent, or is waiting to be.
pub const BUDGET_SUPPRESSED: Instrument = Instrument::counter(
    "resilience.retry.budget.suppressed",
    "{attempt}",
    "Retries and hedges that were not allowed, as the rest was spent or is waiting to be.",
)
.by(&[EXTRAS, Attribute::one_of(ERROR_TYPE, &["spent", "waiting"])]);
/// Panics of observers.
pub const BUDGET_OBSERVER_PANICS: Instrument = Instrument::counter(
    "resilience.retry.budget.observer_panics",
    "{panic}",
    "Observers of the budget that panicked.",
);

/// The metrics of a retry budget.
pub const BUDGET: &[Instrument] = &[
    BUDGET_TOKENS,
    BUDGET_CALLS,
    BUDGET_SPENT,
    BUDGET_GIVEN_BACK,
    BUDGET_WAITING,
    BUDGET_SUPPRESSED,
    BUDGET_OBSERVER_PANICS,
];
