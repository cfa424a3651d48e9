//! What there is to say of an event, and how loud.

use std::time::Duration;

use tracing::Level;

use crate::event::{AmqpConnection, AmqpState, Detail, Event, HttpRequest, NoticeLevel};
#[cfg(any(feature = "breaker", feature = "retry", feature = "bulkhead"))]
use crate::words;

/// What most events have nothing of.
pub(super) struct Said<'e> {
    pub(super) level: Level,
    pub(super) state: Option<&'e str>,
    pub(super) component: Option<&'e str>,
    pub(super) attempts: Option<u32>,
    pub(super) wait: Option<Duration>,
    pub(super) duration: Option<Duration>,
    pub(super) status: Option<u16>,
    pub(super) error_type: Option<&'e str>,
}

impl<'e> Said<'e> {
    pub(super) fn of(event: &'e Event) -> Self {
        match event.detail() {
            #[cfg(feature = "breaker")]
            Detail::BreakerTransition(transition) => {
                use steadfast_breaker::State;
                let level = warn_if(transition.to == State::Open, Level::INFO);
                Self::new(level).state(words::state(transition.to))
            }
            #[cfg(feature = "breaker")]
            Detail::BreakerModeChange(change) => {
                use steadfast_breaker::Mode;
                let level = warn_if(change.to == Mode::ForcedOpen, Level::INFO);
                Self::new(level).state(words::mode(change.to))
            }
            #[cfg(feature = "retry")]
            Detail::Retrying(retrying) => Self {
                attempts: Some(retrying.attempt),
                wait: Some(retrying.wait),
                ..Self::new(Level::DEBUG)
            },
            #[cfg(feature = "retry")]
            Detail::RetryGaveUp(gave_up) => {
                use steadfast_retry::Reason;
                let expected = gave_up.reason == Reason::NotRetryable;
                Self {
                    attempts: Some(gave_up.attempts),
                    duration: Some(gave_up.elapsed),
                    error_type: Some(words::gave_up(gave_up.reason)),
                    ..Self::new(warn_if(!expected, Level::DEBUG))
                }
            }
            #[cfg(feature = "hedge")]
            Detail::Hedged(hedged) => Self {
                attempts: Some(hedged.number),
                wait: Some(hedged.after),
                ..Self::new(Level::DEBUG)
            },
            #[cfg(feature = "hedge")]
            Detail::HedgeSuppressed(suppressed) => Self {
                attempts: Some(suppressed.number),
                ..Self::new(Level::DEBUG)
            },
            #[cfg(feature = "bulkhead")]
            Detail::BulkheadQueued(_) => Self::new(Level::DEBUG),
            #[cfg(feature = "bulkhead")]
            Detail::BulkheadAcquired(acquired) => Self {
                wait: acquired.waited,
                ..Self::new(Level::DEBUG)
            },
            #[cfg(feature = "bulkhead")]
            Detail::BulkheadRejected(rejected) => {
                let waited = rejected.waited();
                Self {
                    wait: (!waited.is_zero()).then_some(waited),
                    error_type: Some(words::refused(rejected.reason())),
                    ..Self::new(Level::WARN)
                }
            }
            #[cfg(feature = "health")]
            Detail::HealthChecked(checked) => Self {
                component: Some(&checked.component),
                duration: Some(checked.duration),
                ..Self::new(Level::DEBUG).state(checked.result.as_str())
            },
            #[cfg(feature = "health")]
            Detail::HealthChanged(changed) => {
                use steadfast_health::{Status, Subject};
                let component = match &changed.subject {
                    Subject::Component(name) => Some(&**name),
                    _ => None,
                };
                let level = warn_if(changed.to != Status::Healthy, Level::INFO);
                Self {
                    component,
                    ..Self::new(level).state(changed.to.as_str())
                }
            }
            Detail::HttpRequest(request) => Self::of_request(request),
            Detail::AmqpConnection(connection) => Self::of_connection(connection),
            Detail::Notice(notice) => Self {
                component: Some(notice.topic),
                ..Self::new(match notice.level {
                    NoticeLevel::Info => Level::INFO,
                    NoticeLevel::Warning => Level::WARN,
                    NoticeLevel::Error => Level::ERROR,
                })
            },
            Detail::HandlerDetached(_) => Self::new(Level::ERROR),
            Detail::EventsDropped(_) | Detail::NameShared(_) => Self::new(Level::WARN),
        }
    }

    fn of_request(request: &'e HttpRequest) -> Self {
        let level = match (request.status, &request.error_type) {
            (Some(500..), _) | (None, Some(_)) => Level::WARN,
            (Some(400..), _) => Level::INFO,
            _ => Level::DEBUG,
        };
        Self {
            attempts: Some(request.attempts),
            duration: Some(request.duration),
            status: request.status,
            error_type: request.error_type.as_deref(),
            ..Self::new(level)
        }
    }

    fn of_connection(connection: &'e AmqpConnection) -> Self {
        let level = match connection.state {
            AmqpState::Disconnected | AmqpState::Blocked => Level::WARN,
            AmqpState::Connected | AmqpState::Closed => Level::INFO,
            AmqpState::Connecting => Level::DEBUG,
        };
        Self::new(level).state(connection.state.as_str())
    }

    fn new(level: Level) -> Self {
        Self {
            level,
            state: None,
            component: None,
            attempts: None,
            wait: None,
            duration: None,
            status: None,
            error_type: None,
        }
    }

    fn state(mut self, state: &'e str) -> Self {
        self.state = Some(state);
        self
    }
}

#[cfg(any(feature = "breaker", feature = "retry", feature = "health"))]
fn warn_if(bad: bool, otherwise: Level) -> Level {
    if bad { Level::WARN } else { otherwise }
}
