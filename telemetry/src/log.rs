//! Events as events of `tracing`.

mod limit;
mod said;
mod time;

use tracing::Level;

use crate::event::Event;

use limit::Limit;
use said::Said;
use time::Rfc3339;

/// A handler that logs: every event it hears becomes an event of the crate `tracing`, for whatever
/// subscriber the application has.
///
/// The target is `steadfast`, the message what the event [displays](Event), and the level:
///
/// | event | level |
/// |---|---|
/// | a circuit breaker opened, or was forced open | warn |
/// | a circuit breaker half-opened or closed, or got another mode | info |
/// | a retried call was given up | warn; debug if its error was not retryable |
/// | an attempt will be made again | debug |
/// | a bulkhead rejected a caller | warn |
/// | a caller queued, or got in after that | debug |
/// | a status of health changed | warn; info if it is healthy now |
/// | a run of a check ended | debug |
/// | an HTTP request ended | warn without a response and from 500 on, info from 400 on, debug otherwise |
/// | an AMQP connection was lost, or blocked | warn |
/// | an AMQP connection was connected, or closed for good | info |
/// | an AMQP connection is being connected | debug |
/// | a handler was detached because it panicked | error |
/// | events were dropped, a name is shared | warn |
///
/// The fields are named as in metrics, and absent where an event has no such thing: `resilience.event`
/// (the kind), `resilience.name`, `at` (when it happened, for handlers run later: RFC 3339 with
/// milliseconds), `resilience.state` (which was entered), `resilience.component`, `resilience.attempts`,
/// `resilience.wait` and `resilience.duration` (seconds), `http.response.status_code`, `error.type`.
///
/// Of each kind it logs 100 events a second, by the events' own time. How many it left out is the field
/// `skipped` of the next one that it logs; an [`error`](Level::ERROR) is never left out.
///
/// Handlers run on a thread of their own, so what it logs is in no span of the call's. For that, see
/// [`Builder::span_events`](crate::Builder::span_events).
///
/// # Examples
/// ```
/// use steadfast_telemetry::{EventLog, Filter, Telemetry};
///
/// let telemetry = Telemetry::new();
/// telemetry.attach("log", Filter::all(), EventLog::new().handler())?;
/// # Ok::<_, steadfast_telemetry::AttachError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "it logs nothing before its handler is attached"]
pub struct EventLog {
    limit: u32,
}

impl EventLog {
    /// With the settings above.
    pub const fn new() -> Self {
        Self { limit: 100 }
    }

    /// So many events of each kind a second; 100 by default, which no quiet day reaches, and which keeps
    /// a storm from filling a disk. With 0 it logs errors alone; `u32::MAX` is no limit.
    pub const fn per_second(mut self, events: u32) -> Self {
        self.limit = events;
        self
    }

    /// The handler, to be [attached](crate::Telemetry::attach).
    pub fn handler(self) -> impl FnMut(&Event) + Send + 'static {
        let mut limit = Limit::new(self.limit);
        move |event| {
            let said = Said::of(event);
            if said.level == Level::ERROR {
                write(event, &said, limit.skipped(event.kind()));
            } else if let Some(skipped) = limit.admit(event.kind(), event.at()) {
                write(event, &said, skipped);
            }
        }
    }
}

impl Default for EventLog {
    fn default() -> Self {
        Self::new()
    }
}

fn write(event: &Event, said: &Said<'_>, skipped: u64) {
    // A level and the names of fields are constants of a place in the code.
    macro_rules! at {
        ($level:expr) => {
            tracing::event!(
                target: "steadfast",
                $level,
                at = %Rfc3339(event.at()),
                resilience.event = event.kind().as_str(),
                resilience.name = event.name(),
                resilience.state = said.state,
                resilience.component = said.component,
                resilience.attempts = said.attempts,
                resilience.wait = said.wait.map(|wait| wait.as_secs_f64()),
                resilience.duration = said.duration.map(|took| took.as_secs_f64()),
                http.response.status_code = said.status,
                error.type = said.error_type,
                skipped = (skipped > 0).then_some(skipped),
                "{event}"
            )
        };
    }
    match said.level {
        Level::ERROR => at!(Level::ERROR),
        Level::WARN => at!(Level::WARN),
        Level::INFO => at!(Level::INFO),
        _ => at!(Level::DEBUG),
    }
}
