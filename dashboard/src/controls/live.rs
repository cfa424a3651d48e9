//! Controls that are in use, and what comes and goes meanwhile.

use std::fmt;
use std::sync::Arc;

use steadfast_breaker::CircuitBreaker;
use steadfast_bulkhead::Bulkhead;
use steadfast_telemetry::WeakTelemetry;

use super::Desk;
use super::handle::Handle;

/// The controls of a dashboard that is in use, to which components are added and from which they are taken out: made
/// by [`Dashboard::controls`](crate::Dashboard::controls). A cheap handle, all clones of which are one; it keeps neither
/// dashboard nor components alive.
///
/// A row has or loses its controls with the next reading, within a second.
///
/// # Examples
/// ```
/// use steadfast_breaker::CircuitBreaker;
/// use steadfast_dashboard::{Action, Allowed, Controls, Dashboard, Denied};
/// use steadfast_telemetry::Telemetry;
///
/// let telemetry = Telemetry::new();
/// let nobody = |_: &axum::http::request::Parts, _: &Action| Err::<Allowed, _>(Denied::because("closed"));
/// let dashboard = Dashboard::builder(&telemetry).controls(Controls::new(nobody)).build()?;
///
/// let controls = dashboard.controls().expect("they were given");
/// let late = CircuitBreaker::builder("late").build()?;
/// controls.add(&late);
/// assert!(controls.remove(&late));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct LiveControls {
    desk: Arc<Desk>,
    telemetry: WeakTelemetry,
}

impl LiveControls {
    pub(crate) fn new(desk: &Arc<Desk>, telemetry: &WeakTelemetry) -> Self {
        Self {
            desk: Arc::clone(desk),
            telemetry: telemetry.clone(),
        }
    }

    /// From now on the component can be changed, as if it had been given to [`Controls`](crate::Controls). It is
    /// watched by the dashboard's telemetry, so that it has a row. To add it twice is harmless.
    pub fn add(&self, component: &impl Controllable) {
        let telemetry = self.telemetry.upgrade();
        for handle in component.handles().0 {
            if let Some(telemetry) = &telemetry {
                handle.watched_by(telemetry);
            }
            self.desk.handles.add(&handle);
        }
    }

    /// From now on the component cannot be changed any more; `false` if it could not before. What was changed stays so,
    /// and its row stays for as long as the component is in use.
    pub fn remove(&self, component: &impl Controllable) -> bool {
        let mut was_in = false;
        for handle in component.handles().0 {
            if !self.desk.handles.remove(&handle) {
                continue;
            }
            was_in = true;
            if let Handle::Breaker(_, name) = &handle {
                self.desk.unsign(name);
            }
        }
        was_in
    }
}

impl fmt::Debug for LiveControls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveControls")
            .field("desk", &self.desk)
            .finish_non_exhaustive()
    }
}

/// What can be changed from a dashboard: a circuit breaker, a bulkhead, an HTTP client, an AMQP connection. It is
/// implemented for these and for nothing else.
pub trait Controllable: sealed::Handles {}

impl Controllable for CircuitBreaker {}

impl sealed::Handles for CircuitBreaker {
    fn handles(&self) -> sealed::List {
        sealed::List(vec![Handle::breaker(self)])
    }
}

impl Controllable for Bulkhead {}

impl sealed::Handles for Bulkhead {
    fn handles(&self) -> sealed::List {
        sealed::List(vec![Handle::bulkhead(self)])
    }
}

#[cfg(feature = "http")]
#[cfg_attr(docsrs, doc(cfg(feature = "http")))]
impl Controllable for steadfast_http::Client {}

#[cfg(feature = "http")]
impl sealed::Handles for steadfast_http::Client {
    fn handles(&self) -> sealed::List {
        sealed::List(vec![Handle::http_client(self)])
    }
}

#[cfg(feature = "amqp")]
#[cfg_attr(docsrs, doc(cfg(feature = "amqp")))]
impl Controllable for steadfast_amqp::ResilientConnection {}

#[cfg(feature = "amqp")]
impl sealed::Handles for steadfast_amqp::ResilientConnection {
    fn handles(&self) -> sealed::List {
        sealed::List(vec![
            Handle::connection(self),
            Handle::breaker(self.breaker()),
        ])
    }
}

pub(super) mod sealed {
    use super::Handle;

    #[expect(
        unnameable_types,
        reason = "nobody else is to implement `Controllable`"
    )]
    pub trait Handles {
        fn handles(&self) -> List;
    }

    #[expect(
        unnameable_types,
        reason = "nobody else is to implement `Controllable`"
    )]
    #[derive(Debug)]
    pub struct List(pub(in crate::controls) Vec<Handle>);
}
