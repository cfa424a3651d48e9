//! A check that looks at a circuit breaker.

use steadfast_breaker::{CircuitBreaker, Mode, Snapshot, State};

use crate::check::Check;
use crate::checks::INTERVAL;
use crate::outcome::Outcome;

/// A check named `breaker/<name>`: closed is healthy, half-open is degraded, open is unhealthy, and
/// a breaker that was dropped is unknown. Optional.
///
/// An open breaker whose open time is over is degraded: the next call probes. Were it still
/// unhealthy, a service that requires it would get no traffic, and so never the call that closes it.
///
/// # Modes
/// The status says whether calls get through, whoever decides that:
///
/// | mode | status | why |
/// |---|---|---|
/// | automatic | that of the state | |
/// | forced open | unhealthy | It rejects every call. It needs none to end: an operator, or time, ends it. |
/// | forced closed, disabled | healthy | It rejects none, and an operator wants it so. |
/// | shadow | healthy, in every state | It rejects none, and numbers that are being tried out must not take a service out of rotation. |
///
/// # Details
/// `state`, `mode`, `consecutive_failures`, `in_flight`; `cause` unless the breaker never left its first
/// state; of a mode other than automatic `mode_reason`, and `mode_expires_in` if it ends by itself; with
/// such rules, and once there are enough calls, `failure_rate` and `slow_call_rate`. The reason is shown as
/// it was given: keep secrets out.
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

pub(super) fn judge(snapshot: &Snapshot) -> Outcome {
    let outcome = match snapshot.mode {
        Mode::ForcedOpen => {
            let reason = snapshot.mode_reason.as_deref().unwrap_or_default();
            Outcome::unhealthy(format!("circuit breaker is forced open: {reason}"))
        }
        Mode::ForcedClosed | Mode::Disabled | Mode::Shadow => Outcome::healthy(),
        _ => judge_state(snapshot),
    };
    describe(outcome, snapshot)
}

fn judge_state(snapshot: &Snapshot) -> Outcome {
    let why = match snapshot.cause {
        Some(cause) => format!(": {cause}"),
        None => String::new(),
    };
    match (snapshot.state, snapshot.retry_after) {
        (State::Closed, _) => Outcome::healthy(),
        (State::HalfOpen, _) => Outcome::degraded("circuit breaker is half-open: probing"),
        (State::Open, Some(wait)) if wait.is_zero() => Outcome::degraded(format!(
            "circuit breaker is open, and the next call probes{why}"
        )),
        (State::Open, _) => Outcome::unhealthy(format!("circuit breaker is open{why}")),
    }
}

fn describe(outcome: Outcome, snapshot: &Snapshot) -> Outcome {
    let window = snapshot.window;
    let optional = [
        ("cause", snapshot.cause.map(|cause| cause.to_string())),
        (
            "mode_reason",
            snapshot.mode_reason.as_deref().map(String::from),
        ),
        (
            "mode_expires_in",
            snapshot.mode_expires_in.map(|wait| format!("{wait:.0?}")),
        ),
        ("failure_rate", window.and_then(|of| share(of.failure_rate))),
        (
            "slow_call_rate",
            window.and_then(|of| share(of.slow_call_rate)),
        ),
    ];
    let outcome = outcome
        .detail("state", snapshot.state)
        .detail("mode", snapshot.mode)
        .detail("consecutive_failures", snapshot.consecutive_failures)
        .detail("in_flight", snapshot.in_flight);
    let present = optional
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)));
    present.fold(outcome, |outcome, (key, value)| outcome.detail(key, value))
}

fn share(rate: Option<f64>) -> Option<String> {
    rate.map(|rate| format!("{rate:.2}"))
}
