//! Doing what was asked for, and writing it into the log.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use steadfast_breaker::{CircuitBreaker, Mode};
use steadfast_bulkhead::Bulkhead;
use steadfast_health::Monitor;

use super::Desk;
use super::action::{Action, Verb};
use super::authorise::Allowed;
use super::handle::Handle;
use crate::hub::{Hub, parts};
use crate::view::{Severity, Told, kinds};

/// It was done.
pub(super) struct Done {
    /// The number of its entry in the log.
    pub(super) seq: u64,
    pub(super) text: String,
}

/// It could not be done.
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) text: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            text: text.into(),
        }
    }

    fn conflict(text: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, text)
    }
}

pub(super) async fn perform(
    hub: &Arc<Hub>,
    desk: &Desk,
    action: &Action,
    allowed: &Allowed,
) -> Result<Done, Refused> {
    let unknown = || Refused::new(StatusCode::NOT_FOUND, "there is no such component");
    let (kind, name, instance) = parts(&action.component).ok_or_else(unknown)?;
    // Whoever asks may know of a component that no reading has met yet.
    if hub.refresh().await.is_none() || !hub.has_row(&action.component) {
        return Err(unknown());
    }
    let handle = desk.find(kind, name).ok_or_else(|| {
        let text = format!("{name} is not registered for controls");
        Refused::new(StatusCode::NOT_FOUND, text)
    })?;
    let gone = || Refused::new(StatusCode::NOT_FOUND, format!("{name} is gone"));
    let alive = hub.instances(kind, name);
    if !alive.contains(&instance) {
        return Err(gone());
    }
    if alive.len() > 1 {
        let text = format!("more than one {kind} is named {name}: nobody knows which one is meant");
        return Err(Refused::conflict(text));
    }
    let text = match &handle {
        Handle::Breaker(breaker, _) => {
            set_mode(desk, &breaker.upgrade().ok_or_else(gone)?, action, allowed)?
        }
        Handle::Bulkhead(bulkhead, _) => resize(&bulkhead.upgrade().ok_or_else(gone)?, action)?,
        Handle::Monitor(monitor) => check(monitor.upgrade().ok_or_else(gone)?, name, action)?,
        #[cfg(feature = "http")]
        Handle::HttpClient(..) => return Err(not_for(action, kind)),
        #[cfg(feature = "amqp")]
        Handle::Connection(connection) => {
            reconnect(&connection.upgrade().ok_or_else(gone)?, action)?
        }
    };
    let told = Told {
        kind: "control",
        severity: Severity::Notice,
        component: Some(action.component.clone()),
        name: name.to_owned(),
        text: format!("{text}: {}", action.reason),
        noisy: false,
    };
    let seq = hub.tell(told, Some(Arc::clone(&allowed.by)));
    hub.touch(&action.component);
    Ok(Done { seq, text })
}

fn set_mode(
    desk: &Desk,
    breaker: &CircuitBreaker,
    action: &Action,
    allowed: &Allowed,
) -> Result<String, Refused> {
    let reason: Arc<str> = Arc::from(action.reason.as_str());
    let (mode, mut text) = match action.verb {
        Verb::ForceOpen => (Mode::ForcedOpen, "forced open".to_owned()),
        Verb::ForceClosed => (Mode::ForcedClosed, "forced closed".to_owned()),
        Verb::Disable => (Mode::Disabled, "disabled".to_owned()),
        Verb::Automatic => {
            if breaker.mode() == Mode::Automatic {
                return Err(Refused::conflict("it is automatic already"));
            }
            breaker.set_mode(Mode::Automatic, reason);
            return Ok("automatic again".to_owned());
        }
        Verb::Reset => {
            breaker.reset();
            return Ok("reset".to_owned());
        }
        _ => return Err(not_for(action, kinds::BREAKER)),
    };
    // Before the mode is set, so that no reading in between lacks the name.
    desk.sign(breaker.name(), &allowed.by, &reason);
    match action.lasts {
        Some(time) => {
            breaker.set_mode_for(mode, reason, time);
            let _ = write!(text, " for {}", in_words(time));
        }
        None => {
            breaker.set_mode(mode, reason);
            text.push_str(" until it is changed");
        }
    }
    Ok(text)
}

fn resize(bulkhead: &Bulkhead, action: &Action) -> Result<String, Refused> {
    let (Verb::SetLimit, Some(limit)) = (action.verb, action.max_concurrent) else {
        return Err(not_for(action, kinds::BULKHEAD));
    };
    let before = bulkhead.snapshot();
    if before.closed {
        return Err(Refused::conflict("it is closed"));
    }
    let resized = bulkhead.resize(limit);
    resized.map_err(|error| Refused::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    let before = before.max_concurrent;
    Ok(format!("limit {before} -> {limit}"))
}

/// The check goes on if whoever asked goes away, and what it finds is told by the stream.
fn check(monitor: Monitor, name: &str, action: &Action) -> Result<String, Refused> {
    if action.verb != Verb::CheckNow {
        return Err(not_for(action, kinds::HEALTH_CHECK));
    }
    let name = name.to_owned();
    tokio::spawn(async move { monitor.check_one(&name).await });
    Ok("it is being run, after what it depends on".to_owned())
}

#[cfg(feature = "amqp")]
fn reconnect(
    connection: &steadfast_amqp::ResilientConnection,
    action: &Action,
) -> Result<String, Refused> {
    if action.verb != Verb::Reconnect {
        return Err(not_for(action, kinds::AMQP));
    }
    if connection.reconnect(action.reason.as_str()) {
        return Ok("it connects again".to_owned());
    }
    let text = "an attempt to connect is under way, or the connection is being closed, or its circuit breaker is forced open";
    Err(Refused::conflict(text))
}

fn not_for(action: &Action, kind: &str) -> Refused {
    let verb = action.verb;
    Refused::new(
        StatusCode::BAD_REQUEST,
        format!("{verb} is not for a {kind}"),
    )
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds % 3600 == 0 => format!("{} h", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}
