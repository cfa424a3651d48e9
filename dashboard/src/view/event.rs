//! Events in the words of the log.

use std::fmt;

use steadfast_breaker::{Mode, State};
use steadfast_health::{Status, Subject};
use steadfast_telemetry::{AmqpState, Detail, Event, HttpRequest, Notice, NoticeLevel};

use super::kinds;
use super::row::{Severity, id_of};

/// What the log says of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    /// The id of the row it is about.
    pub(crate) component: Option<String>,
    pub(crate) name: String,
    pub(crate) text: String,
    /// Whether there may be very many of it, so that not each is told.
    pub(crate) noisy: bool,
}

impl Told {
    fn new(kind: &'static str, severity: Severity, name: &str, text: impl fmt::Display) -> Self {
        Self {
            kind,
            severity,
            component: None,
            name: name.to_owned(),
            text: text.to_string(),
            noisy: false,
        }
    }

    pub(crate) fn of_notice(notice: &Notice) -> Self {
        let severity = match notice.level {
            NoticeLevel::Info => Severity::Ok,
            NoticeLevel::Warning => Severity::Warning,
            _ => Severity::Critical,
        };
        Self::new(notice.topic, severity, &notice.name, &notice.text)
    }

    fn of(mut self, kind: &str) -> Self {
        self.component = Some(id_of(kind, &self.name, 1));
        self
    }

    fn noisy(mut self) -> Self {
        self.noisy = true;
        self
    }
}

/// What to tell of an event; nothing of those that are no news.
pub(crate) fn told(event: &Event) -> Option<Told> {
    let name = event.name();
    let told = match event.detail() {
        Detail::BreakerTransition(it) => {
            let severity = match it.to {
                State::Open => Severity::Critical,
                State::HalfOpen => Severity::Notice,
                State::Closed => Severity::Ok,
            };
            let text = format_args!("{} -> {}: {}", it.from, it.to, it.cause).to_string();
            Told::new("breaker_transition", severity, name, text).of(kinds::BREAKER)
        }
        Detail::BreakerModeChange(it) => {
            let severity = match it.to {
                Mode::Automatic => Severity::Ok,
                Mode::Shadow => Severity::Notice,
                _ => Severity::Warning,
            };
            let mut text = format!("mode {} -> {}", it.from, it.to);
            if let Some(time) = it.expires_in {
                text.push_str(&format!(" for {time:?}"));
            }
            if let Some(reason) = &it.reason {
                text.push_str(": ");
                text.push_str(reason);
            }
            Told::new("mode_change", severity, name, text).of(kinds::BREAKER)
        }
        Detail::RetryGaveUp(it) => {
            let text = format!("gave up after {}: {}", attempts(it.attempts), it.reason);
            Told::new("retry_gave_up", Severity::Warning, name, text)
                .of(kinds::RETRY)
                .noisy()
        }
        Detail::BulkheadRejected(it) => Told::new("bulkhead_rejected", Severity::Warning, name, it)
            .of(kinds::BULKHEAD)
            .noisy(),
        Detail::HealthChanged(it) => return Some(health(name, &it.subject, it.from, it.to)),
        Detail::HttpRequest(it) => return http(it),
        Detail::AmqpConnection(it) => {
            let severity = match it.state {
                AmqpState::Connected => Severity::Ok,
                AmqpState::Connecting | AmqpState::Closed => Severity::Notice,
                AmqpState::Blocked => Severity::Warning,
                _ => Severity::Critical,
            };
            let mut text = it.state.to_string();
            if let Some(endpoint) = &it.endpoint {
                text.push_str(&format!(" ({endpoint})"));
            }
            if let Some(reason) = &it.reason {
                text.push_str(&format!(": {reason}"));
            }
            Told::new("amqp", severity, name, text).of(kinds::AMQP)
        }
        Detail::Notice(it) => Told::of_notice(it),
        detail @ (Detail::HandlerDetached(_) | Detail::EventsDropped(_)) => {
            Told::new("telemetry", Severity::Warning, name, detail)
        }
        detail @ Detail::NameShared(_) => Told::new("telemetry", Severity::Notice, name, detail),
        // A retry that is made, a place that is waited for, a check that has run: rows count them.
        _ => return None,
    };
    Some(told)
}

fn health(monitor: &str, subject: &Subject, from: Status, to: Status) -> Told {
    let severity = match to {
        Status::Healthy => Severity::Ok,
        Status::Unhealthy => Severity::Critical,
        Status::Degraded => Severity::Warning,
        _ => Severity::Notice,
    };
    let text = format!("{from} -> {to}");
    match subject {
        Subject::Component(check) => {
            Told::new("health", severity, check, text).of(kinds::HEALTH_CHECK)
        }
        roll_up => Told::new("health", severity, monitor, format!("{roll_up}: {text}")),
    }
}

/// A response that says no is the other side's business, unless it says that it failed.
fn http(request: &HttpRequest) -> Option<Told> {
    let error = request.error_type.as_deref()?;
    if request.status.is_some_and(|status| status < 500) {
        return None;
    }
    let (method, authority) = (&request.method, &request.authority);
    let template = request.template.as_deref().unwrap_or_default();
    let text = format!(
        "{method} {authority}{template}: {error} after {} in {:?}",
        attempts(request.attempts),
        request.duration
    );
    let told = Told::new("http", Severity::Warning, &request.name, text);
    Some(told.of(kinds::HTTP).noisy())
}

fn attempts(count: u32) -> String {
    let noun = if count == 1 { "attempt" } else { "attempts" };
    format!("{count} {noun}")
}
