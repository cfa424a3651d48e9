//! States, modes and snapshots for dashboards and operators' APIs.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeStruct, Serializer};

use crate::last_errors::LastError;
use crate::mode::Mode;
use crate::snapshot::{Snapshot, Totals, WindowSnapshot};
use crate::state::{Cause, Outcome, State};

/// `closed`, `open` or `half_open`.
impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        })
    }
}

/// `success`, `failure` or `ignored`.
impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Ignored => "ignored",
        })
    }
}

const AUTOMATIC: &str = "automatic";
const FORCED_OPEN: &str = "forced_open";
const FORCED_CLOSED: &str = "forced_closed";
const DISABLED: &str = "disabled";
const SHADOW: &str = "shadow";

/// `automatic`, `forced_open`, `forced_closed`, `disabled` or `shadow`.
impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Automatic => AUTOMATIC,
            Self::ForcedOpen => FORCED_OPEN,
            Self::ForcedClosed => FORCED_CLOSED,
            Self::Disabled => DISABLED,
            Self::Shadow => SHADOW,
        })
    }
}

/// From the same words.
impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ModeVisitor)
    }
}

struct ModeVisitor;

impl Visitor<'_> for ModeVisitor {
    type Value = Mode;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the mode of a circuit breaker")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Mode, E> {
        match word {
            AUTOMATIC => Ok(Mode::Automatic),
            FORCED_OPEN => Ok(Mode::ForcedOpen),
            FORCED_CLOSED => Ok(Mode::ForcedClosed),
            DISABLED => Ok(Mode::Disabled),
            SHADOW => Ok(Mode::Shadow),
            _ => {
                let words = &[AUTOMATIC, FORCED_OPEN, FORCED_CLOSED, DISABLED, SHADOW];
                Err(E::unknown_variant(word, words))
            }
        }
    }
}

/// The `kind` of cause, its counts, and the whole as a `text` for people.
impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let counts: &[(&str, u32)] = match *self {
            Self::ConsecutiveFailures { failures } => &[("failures", failures)],
            Self::FailureRate { failures, calls } | Self::ProbeFailureRate { failures, calls } => {
                &[("failures", failures), ("calls", calls)]
            }
            Self::SlowCallRate { slow, calls } => &[("slow", slow), ("calls", calls)],
            _ => &[],
        };
        map.serialize_entry("kind", self.kind())?;
        for (name, count) in counts {
            map.serialize_entry(name, count)?;
        }
        map.serialize_entry("text", &self.to_string())?;
        map.end()
    }
}

impl Cause {
    fn kind(&self) -> &'static str {
        match self {
            Self::ConsecutiveFailures { .. } => "consecutive_failures",
            Self::FailureRate { .. } => "failure_rate",
            Self::SlowCallRate { .. } => "slow_call_rate",
            Self::ProbeFailed => "probe_failed",
            Self::ProbeSlow => "probe_slow",
            Self::ProbeFailureRate { .. } => "probe_failure_rate",
            Self::ProbesExpired => "probes_expired",
            Self::OpenElapsed => "open_elapsed",
            Self::ProbesSucceeded => "probes_succeeded",
            Self::Forced => "forced",
            Self::ForceEnded => "force_ended",
            Self::Reset => "reset",
        }
    }
}

/// Durations are milliseconds with fractions, and their keys end in `_ms`.
impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Taken apart so that no field is forgotten.
        let Self {
            name,
            state,
            mode,
            mode_reason,
            mode_expires_in,
            in_state_for,
            cause,
            retry_after,
            ramp_up_share,
            generation,
            consecutive_failures,
            window,
            in_flight,
            totals,
            last_errors,
        } = self;
        let mut table = serializer.serialize_struct("Snapshot", 15)?;
        table.serialize_field("name", &**name)?;
        table.serialize_field("state", state)?;
        table.serialize_field("mode", mode)?;
        table.serialize_field("mode_reason", &mode_reason.as_deref())?;
        table.serialize_field("mode_expires_in_ms", &mode_expires_in.map(millis))?;
        table.serialize_field("in_state_for_ms", &millis(*in_state_for))?;
        table.serialize_field("cause", cause)?;
        table.serialize_field("retry_after_ms", &retry_after.map(millis))?;
        table.serialize_field("ramp_up_share", ramp_up_share)?;
        table.serialize_field("generation", generation)?;
        table.serialize_field("consecutive_failures", consecutive_failures)?;
        table.serialize_field("window", window)?;
        table.serialize_field("in_flight", in_flight)?;
        table.serialize_field("totals", totals)?;
        table.serialize_field("last_errors", last_errors)?;
        table.end()
    }
}

/// As those of a [`Snapshot`].
impl Serialize for LastError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            class,
            message,
            count,
            first_ago,
            last_ago,
        } = self;
        let mut table = serializer.serialize_struct("LastError", 5)?;
        table.serialize_field("class", &**class)?;
        table.serialize_field("message", &**message)?;
        table.serialize_field("count", count)?;
        table.serialize_field("first_ago_ms", &millis(*first_ago))?;
        table.serialize_field("last_ago_ms", &millis(*last_ago))?;
        table.end()
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// Structs whose keys are the names of their fields. Does not compile if one is missing.
macro_rules! as_it_is {
    ($type:ident { $($field:ident,)* }) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Self { $($field),* } = self;
                let len = [$(stringify!($field)),*].len();
                let mut table = serializer.serialize_struct(stringify!($type), len)?;
                $(table.serialize_field(stringify!($field), $field)?;)*
                table.end()
            }
        }
    };
}

as_it_is! {
    WindowSnapshot {
        calls,
        failures,
        slow,
        slow_in_flight,
        failure_rate,
        slow_call_rate,
    }
}

as_it_is! {
    Totals {
        success,
        failure,
        ignored,
        abandoned,
        panicked,
        slow,
        rejected,
        would_reject,
        stale,
        opened,
        half_opened,
        closed,
        observer_panics,
    }
}
