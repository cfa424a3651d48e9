//! A check that looks at a circuit breaker.

use steadfast_breaker::{CircuitBreaker, Snapshot, State};

use crate::check::Check;
use crate::checks::INTERVAL;
use crate::outcome::Outcome;

/// A check named `breaker/<name>`: closed is healthy, half-open is degraded, open is unhealthy, and
/// a breaker that was dropped is unknown. Optional.
///
/// An open breaker whose open time is over is degraded: the next call probes. Were it still
/// unhealthy, a service that requires it would get no traffic, and so never the call that closes it.
///
/// # Examples
/// ```
/// use steadfast_breaker::CircuitBreaker;
/// use steadfast_health::{Monitor, Status, checks};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let payments = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
/// let monitor = Monitor::builder("orders").build()?;
/// monitor.register(checks::breaker(&payments))?;
///
/// payments.try_acquire()?.failure();
/// let report = monitor.check_now().await;
/// assert_eq!(report.components[0].status, Status::Unhealthy);
/// assert_eq!(report.readiness, Status::Degraded);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "breaker")))]
pub fn breaker(breaker: &CircuitBreaker) -> Check {
    let name = format!("breaker/{}", breaker.name());
    let breaker = breaker.downgrade();
    Check::new(name, move || {
        let snapshot = breaker.upgrade().map(|breaker| breaker.snapshot());
        async { snapshot.map_or_else(gone, |snapshot| judge(&snapshot)) }
    })
    .optional()
    .interval(INTERVAL)
}

fn gone() -> Outcome {
    Outcome::unknown("circuit breaker was dropped")
}

fn judge(snapshot: &Snapshot) -> Outcome {
    let why = match snapshot.cause {
        Some(cause) => format!(": {cause}"),
        None => String::new(),
    };
    let outcome = match (snapshot.state, snapshot.retry_after) {
        (State::Closed, _) => Outcome::healthy(),
        (State::HalfOpen, _) => Outcome::degraded("circuit breaker is half-open: probing"),
        (State::Open, Some(wait)) if wait.is_zero() => Outcome::degraded(format!(
            "circuit breaker is open, and the next call probes{why}"
        )),
        (State::Open, _) => Outcome::unhealthy(format!("circuit breaker is open{why}")),
    };
    outcome
        .detail("state", snapshot.state)
        .detail("consecutive_failures", snapshot.consecutive_failures)
        .detail("in_flight", snapshot.in_flight)
}
