//! The strip of what must not be overlooked.

use serde::Serialize;

use super::kinds;
use super::row::{Row, Severity};
use crate::builder::Thresholds;
use crate::clock::whole_millis;

/// One warning. Its text says nothing that changes every second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Warning {
    id: String,
    severity: Severity,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
}

impl Warning {
    fn of(row: &Row, what: &str, severity: Severity, text: String) -> Self {
        Self {
            id: format!("{what}/{}", row.id),
            severity,
            text,
            component: Some(row.id.clone()),
        }
    }

    /// That the log is not complete.
    pub(super) fn events_dropped() -> Self {
        Self {
            id: "events_dropped".to_owned(),
            severity: Severity::Warning,
            text: "events come faster than they can be handled: the log is not complete".to_owned(),
            component: None,
        }
    }

    pub(super) fn rank(&self) -> (std::cmp::Reverse<Severity>, &str) {
        (std::cmp::Reverse(self.severity), &self.id)
    }
}

/// What is to be said of a row, at a time in milliseconds since 1970.
pub(super) fn of(row: &Row, thresholds: &Thresholds, at: u64) -> Option<Warning> {
    let name = &row.name;
    let fact = |key| row.facts.as_f64(key);
    let lasted = |time| {
        let since = row.since?;
        (at.saturating_sub(since) >= whole_millis(time)).then_some(())
    };
    match (row.kind.as_ref(), row.state.as_ref()) {
        (kinds::BREAKER, "open") => {
            lasted(thresholds.open_for)?;
            let text = format!(
                "circuit breaker {name} has been open for more than {}",
                humantime(thresholds.open_for)
            );
            Some(Warning::of(row, "breaker_open", Severity::Critical, text))
        }
        (kinds::BREAKER, state @ ("forced_open" | "forced_closed" | "disabled")) => {
            let state = state.replace('_', " ");
            let mut text = format!("circuit breaker {name} is {state}");
            for (key, before) in [("mode_by", " by "), ("mode_reason", ": ")] {
                if let Some(super::facts::Fact::Text(words)) = row.facts.get(key) {
                    text.push_str(before);
                    text.push_str(words);
                }
            }
            Some(Warning::of(row, "breaker_forced", Severity::Warning, text))
        }
        (kinds::BULKHEAD, _) => {
            if row.state == "closed" || fact("use_share")? <= thresholds.bulkhead_use {
                return None;
            }
            lasted(thresholds.bulkhead_for)?;
            let text = format!(
                "bulkhead {name}: more than {:.0} % of its places are taken",
                thresholds.bulkhead_use * 100.0
            );
            Some(Warning::of(row, "bulkhead_full", Severity::Warning, text))
        }
        (kinds::RETRY, _) => {
            if fact("retry_share")? <= thresholds.retry_share {
                return None;
            }
            let text = format!(
                "retry {name}: more than {:.0} retries for 100 calls in the last minute",
                thresholds.retry_share * 100.0
            );
            Some(Warning::of(row, "retry_share", Severity::Warning, text))
        }
        (kinds::AMQP, "blocked") => {
            let text = format!("AMQP connection {name}: the broker asks publishers to pause");
            Some(Warning::of(row, "amqp_blocked", Severity::Warning, text))
        }
        (kinds::AMQP, "disconnected" | "refused") => {
            let text = format!("AMQP connection {name} is down");
            Some(Warning::of(row, "amqp_down", Severity::Critical, text))
        }
        (kinds::HEALTH_CHECK, "unhealthy") if row.severity == Severity::Critical => {
            let text = format!("health check {name} is unhealthy, and the service needs it");
            Some(Warning::of(row, "health", Severity::Critical, text))
        }
        _ => None,
    }
}

/// A length of time for people, by its largest unit.
fn humantime(time: std::time::Duration) -> String {
    match time.as_secs() {
        0 => format!("{time:?}"),
        seconds if seconds % 60 != 0 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}
