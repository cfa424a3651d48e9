//! Snapshots, priorities and reasons for dashboards and operators' APIs.

use std::{collections::BTreeMap, time::Duration};

use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::histogram::HistogramSnapshot;
use crate::keyed::KeyedSnapshot;
#[cfg(feature = "tokio")]
use crate::pool::{Discards, PoolSnapshot};
use crate::priority::Priority;
use crate::rejected::Reason;
use crate::shares::ByPriority;
use crate::snapshot::{Snapshot, Totals};

/// `high`, `normal` or `low`.
impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        })
    }
}

/// The `kind` of reason, `full`, `timeout`, `closed` or `too_many`, and its numbers.
impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match *self {
            Self::Full {
                concurrent,
                waiting,
            } => {
                map.serialize_entry("kind", "full")?;
                map.serialize_entry("concurrent", &concurrent)?;
                map.serialize_entry("waiting", &waiting)?;
            }
            Self::Timeout { waited, waiting } => {
                map.serialize_entry("kind", "timeout")?;
                map.serialize_entry("waited_ms", &millis(waited))?;
                map.serialize_entry("waiting", &waiting)?;
            }
            Self::Closed => map.serialize_entry("kind", "closed")?,
            Self::TooMany { wanted, limit } => {
                map.serialize_entry("kind", "too_many")?;
                map.serialize_entry("wanted", &wanted)?;
                map.serialize_entry("limit", &limit)?;
            }
        }
        map.end()
    }
}

/// `high`, `normal` and `low`.
fn table_of([high, normal, low]: ByPriority<usize>) -> impl Serialize {
    BTreeMap::from([("high", high), ("normal", normal), ("low", low)])
}

fn millis(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// Durations are milliseconds with fractions, and their keys end in `_ms`. The percentiles are `null`
/// if it never happened.
impl Serialize for HistogramSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let percentile = |share| self.percentile(share).map(millis);
        let mut table = serializer.serialize_struct("HistogramSnapshot", 7)?;
        table.serialize_field("count", &self.count)?;
        table.serialize_field("sum_ms", &millis(self.sum))?;
        table.serialize_field("max_ms", &millis(self.max))?;
        table.serialize_field("p50_ms", &percentile(0.5))?;
        table.serialize_field("p90_ms", &percentile(0.9))?;
        table.serialize_field("p95_ms", &percentile(0.95))?;
        table.serialize_field("p99_ms", &percentile(0.99))?;
        table.end()
    }
}

/// Structs whose keys are the names of their fields. Does not compile if one is missing.
macro_rules! tables {
    ($($(#[$attribute:meta])* $type:ident { $($field:ident $(: $form:ident)?,)* })*) => {$(
        $(#[$attribute])*
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field),* } = self;
                let len = [$(stringify!($field)),*].len();
                let mut table = serializer.serialize_struct(stringify!($type), len)?;
                $(field!(table, $field $(: $form)?);)*
                table.end()
            }
        }
    )*};
}

/// A field as it is, or, as serde knows no such type, as text or as milliseconds.
macro_rules! field {
    ($table:ident, $field:ident) => {
        $table.serialize_field(stringify!($field), $field)?
    };
    ($table:ident, $field:ident: text) => {
        $table.serialize_field(stringify!($field), &**$field)?
    };
    ($table:ident, $field:ident: by_priority) => {
        $table.serialize_field(stringify!($field), &table_of(*$field))?
    };
    ($table:ident, $field:ident: millis) => {
        $table.serialize_field(concat!(stringify!($field), "_ms"), &millis(*$field))?
    };
}

tables! {
    Snapshot {
        name: text,
        max_concurrent,
        max_waiting,
        available,
        busy,
        waiting,
        waiting_by_priority: by_priority,
        peak_busy,
        peak_waiting,
        closed,
        totals,
        waits,
        holds,
    }

    /// With `wait_total_ms`, in milliseconds with fractions.
    Totals {
        acquired,
        acquired_after_wait,
        completed,
        rejected_full,
        displaced,
        rejected_timeout,
        rejected_closed,
        rejected_too_many,
        abandoned,
        wait_total: millis,
        observer_panics,
    }

    KeyedSnapshot {
        name: text,
        keys,
        max_keys,
        closed,
        created,
        evicted,
        removed,
        overflowed,
        observer_panics,
    }

    #[cfg(feature = "tokio")]
    PoolSnapshot {
        bulkhead,
        idle,
        created,
        recycled,
        discarded,
        discards,
        create_failures,
        create_timeouts,
        create_abandoned,
    }

    #[cfg(feature = "tokio")]
    Discards {
        asked,
        taken,
        panicked,
        abandoned,
        not_valid,
        validate_timeouts,
        not_recycled,
        recycle_timeouts,
        hook_abandoned,
        too_old,
        idle_too_long,
        surplus,
        cleared,
        closed,
    }
}
