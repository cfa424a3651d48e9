//! Controls: what an operator may change, if the application allows it.

mod action;
mod authorise;
mod handle;
mod handles;
mod live;
mod perform;
mod request;

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use governor::clock::DefaultClock;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_health::Monitor;
use steadfast_telemetry::Telemetry;

pub use self::action::{Action, Verb};
pub use self::authorise::{Allowed, Authorise, Denied};
use self::handle::Handle;
use self::handles::Handles;
use self::live::sealed::Handles as _;
pub use self::live::{Controllable, LiveControls};
pub(crate) use self::request::post;

/// Posts that are carried out in one second.
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// What operators may change, and who is one of them. Off unless
/// [given](crate::Builder::controls) to the dashboard.
///
/// Only components that are registered can be changed: here, or later by
/// [`Dashboard::controls`](crate::Dashboard::controls). They are held weakly, and are watched by the
/// dashboard's telemetry, so that each has a row. Of two that are alive with one kind and name neither can be
/// changed: nobody could tell which one was meant.
///
/// # What a request needs
/// `POST api/control` with the content type `application/json`, the header `x-resilience-csrf: 1`, and the same
/// origin: `Sec-Fetch-Site: same-origin`, or without that header an `Origin` that is the `Host`. Then the
/// [authoriser](Authorise) decides. At most five are carried out in one second.
///
/// Whatever is done is an event of the log with who, what and why, a `tracing` event, and counted in
/// `resilience.dashboard.controls`. So is what the authoriser denies or what cannot be done, but of those the log tells
/// one in ten seconds with a count of the others, so that nobody can push out of it what was done.
///
/// # Examples
/// ```
/// use steadfast_breaker::CircuitBreaker;
/// use steadfast_dashboard::{Action, Allowed, Controls, Dashboard, Denied};
/// use steadfast_telemetry::Telemetry;
///
/// let telemetry = Telemetry::new();
/// let breaker = CircuitBreaker::builder("payments").build()?;
/// let controls = Controls::new(|request: &axum::http::request::Parts, _: &Action| {
///     match request.headers.get("x-operator").and_then(|name| name.to_str().ok()) {
///         Some(name) => Ok(Allowed::by(name)), // set by the proxy that signs people in
///         None => Err(Denied::because("sign in first")),
///     }
/// })
/// .breaker(&breaker);
/// let dashboard = Dashboard::builder(&telemetry).controls(controls).build()?;
/// # drop(dashboard);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "controls do nothing until they are given to a dashboard"]
pub struct Controls {
    authoriser: Arc<dyn Authorise>,
    handles: Vec<Handle>,
}

impl Controls {
    /// Controls of nothing yet, that are open to whom the authoriser allows.
    pub fn new(authoriser: impl Authorise) -> Self {
        Self {
            authoriser: Arc::new(authoriser),
            handles: Vec::new(),
        }
    }

    /// A circuit breaker whose mode can be set, and that can be reset.
    pub fn breaker(mut self, breaker: &CircuitBreaker) -> Self {
        self.handles.extend(breaker.handles().0);
        self
    }

    /// A bulkhead whose limit can be set.
    pub fn bulkhead(mut self, bulkhead: &Bulkhead) -> Self {
        self.handles.extend(bulkhead.handles().0);
        self
    }

    /// A monitor whose checks can be run. Its checks have rows if it is that of the
    /// [dashboard](crate::Builder::health).
    pub fn monitor(mut self, monitor: &Monitor) -> Self {
        self.handles.push(Handle::monitor(monitor));
        self
    }

    /// A client: the mode of the circuit breaker of each of its hosts can be set, also of those that it meets later.
    #[cfg(feature = "http")]
    #[cfg_attr(docsrs, doc(cfg(feature = "http")))]
    pub fn http_client(mut self, client: &steadfast_http::Client) -> Self {
        self.handles.extend(client.handles().0);
        self
    }

    /// A connection that can be made anew, also that for consuming; and the mode of its circuit breaker can be set.
    #[cfg(feature = "amqp")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
    pub fn connection(mut self, connection: &steadfast_amqp::ResilientConnection) -> Self {
        self.handles.extend(connection.handles().0);
        self
    }

    /// Begins. Monitors other than the dashboard's have no rows, and so nothing that could be asked for.
    pub(crate) fn open(self, telemetry: &Telemetry, monitor: Option<&Monitor>) -> Desk {
        let handles = Handles::default();
        for handle in self.handles {
            handle.watched_by(telemetry);
            if handle.has_rows(monitor) {
                handles.add(&handle);
            }
        }
        Desk {
            authoriser: self.authoriser,
            handles,
            limit: RateLimiter::direct(Quota::per_second(PER_SECOND)),
            signed: Mutex::default(),
        }
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls")
            .field("handles", &self.handles)
            .finish_non_exhaustive()
    }
}

/// Controls that are in use.
pub(crate) struct Desk {
    authoriser: Arc<dyn Authorise>,
    handles: Handles,
    limit: RateLimiter<NotKeyed, InMemoryState, DefaultClock>,
    /// Who has set the mode of which circuit breaker, by name, and with which words.
    signed: Mutex<HashMap<String, Signature>>,
}

struct Signature {
    by: Arc<str>,
    reason: Arc<str>,
}

impl Desk {
    /// The handle of a component.
    pub(crate) fn find(&self, kind: &str, name: &str) -> Option<Handle> {
        self.handles.find(kind, name)
    }

    pub(crate) fn is_within_limit(&self) -> bool {
        self.limit.check().is_ok()
    }

    /// Who has set the mode of this breaker, if its present reason is the one that was given here.
    pub(crate) fn signer(&self, name: &str, reason: &str) -> Option<Arc<str>> {
        let signed = self.signed.lock();
        let signature = signed.get(name)?;
        (*signature.reason == *reason).then(|| Arc::clone(&signature.by))
    }

    pub(crate) fn sign(&self, name: &str, by: &Arc<str>, reason: &Arc<str>) {
        let signature = Signature {
            by: Arc::clone(by),
            reason: Arc::clone(reason),
        };
        self.signed.lock().insert(name.to_owned(), signature);
    }

    fn unsign(&self, name: &str) {
        self.signed.lock().remove(name);
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("handles", &self.handles)
            .finish_non_exhaustive()
    }
}
