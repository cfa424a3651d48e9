//! The rows of health checks, and the badges of the whole.

use serde::Serialize;
use steadfast_health::{ComponentReport, Importance, Report, Status};
use steadfast_telemetry::ComponentId;

use super::kinds;
use super::row::{Row, Severity};
use crate::clock::{millis, whole_millis};

/// What the probes would be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Health {
    status: &'static str,
    live: bool,
    ready: bool,
    started: bool,
}

impl Health {
    pub(crate) fn of(report: &Report) -> Self {
        Self {
            status: report.status.as_str(),
            live: report.liveness_http_status() == 200,
            ready: report.http_status() == 200,
            started: report.startup_http_status() == 200,
        }
    }
}

/// The row of one check.
pub(super) fn row(check: &ComponentReport, report: &Report) -> Row {
    let id = ComponentId::new(kinds::HEALTH_CHECK, check.name.as_ref());
    let mut row = Row::new(&id);
    let required = check.importance == Importance::Required;
    let severity = match (check.status, required) {
        (Status::Healthy, _) => Severity::Ok,
        (Status::Unhealthy, true) => Severity::Critical,
        (Status::Degraded | Status::Unknown, true) | (Status::Unhealthy, false) => {
            Severity::Warning
        }
        _ => Severity::Notice,
    };
    row.is(severity, check.status.as_str());
    if severity > Severity::Ok {
        row.why = check.message.as_deref().map(str::to_owned);
    }
    let at = millis(report.at);
    let facts = &mut row.facts;
    facts.text("status", Some(check.status.as_str()));
    facts.text("importance", Some(check.importance.as_str()));
    facts.flag("required", required);
    facts.flag("liveness", check.liveness);
    let ago = check.checked_ago.map(whole_millis);
    facts.count("last_run_at", ago.map(|ago| at.saturating_sub(ago)));
    let took = check.duration.map(|took| took.as_secs_f64());
    facts.millis("last_duration_ms", took);
    facts.text("output", check.message.as_deref());
    facts.text("waits_for", check.waits_for.as_deref());
    facts.count("total_checks", Some(check.checks));
    facts.count("total_timed_out", Some(check.timeouts));
    for (key, value) in &check.details {
        facts.text(format!("detail {key}"), Some(value.as_str()));
    }
    row
}
