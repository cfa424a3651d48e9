//! Snapshots for dashboards and operators' APIs.

use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::budget::{BudgetSnapshot, BudgetTotals, Suppressed};
use crate::exhausted::Reason;
#[cfg(feature = "tokio")]
use crate::hedge::{HedgeSnapshot, HedgeTotals};
use crate::snapshot::{Snapshot, Totals};

/// `attempts`, `deadline`, `budget`, `not_retryable`, `retry_after_too_long` or `breaker`.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Attempts => "attempts",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
            Self::NotRetryable => "not_retryable",
            Self::RetryAfterTooLong => "retry_after_too_long",
            Self::Breaker => "breaker",
        })
    }
}

/// Durations are milliseconds with fractions, and their keys end in `_ms`.
impl Serialize for BudgetSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Taken apart so that no field is forgotten.
        let Self {
            name,
            share,
            min_per_second,
            window,
            calls,
            spent,
            waiting,
            tokens,
            totals,
        } = self;
        let mut table = serializer.serialize_struct("BudgetSnapshot", 9)?;
        table.serialize_field("name", &**name)?;
        table.serialize_field("share", share)?;
        table.serialize_field("min_per_second", min_per_second)?;
        table.serialize_field("window_ms", &millis(*window))?;
        table.serialize_field("calls", calls)?;
        table.serialize_field("spent", spent)?;
        table.serialize_field("waiting", waiting)?;
        table.serialize_field("tokens", tokens)?;
        table.serialize_field("totals", totals)?;
        table.end()
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            name,
            waiting,
            budget,
            totals,
        } = self;
        let mut table = serializer.serialize_struct("Snapshot", 4)?;
        table.serialize_field("name", &**name)?;
        table.serialize_field("waiting", waiting)?;
        table.serialize_field("budget", budget)?;
        table.serialize_field("totals", totals)?;
        table.end()
    }
}

/// With `delay_ms`, as a [`BudgetSnapshot`] has its window.
#[cfg(feature = "tokio")]
impl Serialize for HedgeSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            name,
            delay,
            samples,
            samples_skipped,
            in_flight,
            budget,
            totals,
        } = self;
        let mut table = serializer.serialize_struct("HedgeSnapshot", 7)?;
        table.serialize_field("name", &**name)?;
        table.serialize_field("delay_ms", &delay.map(millis))?;
        table.serialize_field("samples", samples)?;
        table.serialize_field("samples_skipped", samples_skipped)?;
        table.serialize_field("in_flight", in_flight)?;
        table.serialize_field("budget", budget)?;
        table.serialize_field("totals", totals)?;
        table.end()
    }
}

/// Structs whose keys are the names of their fields, those with a duration at the end. Does not compile
/// if one is missing.
macro_rules! as_it_is {
    ($type:ident { $($field:ident,)* $(; $($duration:ident as $key:literal,)*)? }) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field,)* $($($duration,)*)? } = self;
                let len = [$(stringify!($field),)* $($($key,)*)?].len();
                let mut table = serializer.serialize_struct(stringify!($type), len)?;
                $(table.serialize_field(stringify!($field), $field)?;)*
                $($(table.serialize_field($key, &millis(*$duration))?;)*)?
                table.end()
            }
        }
    };
}

as_it_is! {
    Totals {
        first_try,
        after_retry,
        exhausted_attempts,
        exhausted_deadline,
        exhausted_budget,
        not_retryable,
        retry_after_too_long,
        rejected_by_breaker,
        abandoned,
        panicked,
        retries,
        attempt_timeouts,
        observer_panics,
        ;
        wait_total as "wait_total_ms",
    }
}

as_it_is! {
    BudgetTotals {
        calls,
        granted,
        given_back,
        spent_retries,
        spent_hedges,
        suppressed,
        observer_panics,
    }
}

as_it_is! {
    Suppressed {
        retries_spent,
        retries_waiting,
        hedges_spent,
        hedges_waiting,
    }
}

#[cfg(feature = "tokio")]
as_it_is! {
    HedgeTotals {
        calls,
        primary_won,
        hedge_won,
        failed,
        abandoned,
        panicked,
        sent,
        won,
        wasted,
        suppressed_budget,
        observer_panics,
    }
}
