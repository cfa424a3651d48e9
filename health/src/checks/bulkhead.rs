//! A check that looks at a bulkhead.

use steadfast_bulkhead::{Bulkhead, Snapshot};

use crate::check::Check;
use crate::checks::INTERVAL;
use crate::outcome::Outcome;

/// Above this share of its places in use, in percent, a bulkhead is degraded.
const DEGRADED_ABOVE: u128 = 70;
/// Above this share of its places in use, in percent, a bulkhead is unhealthy.
const UNHEALTHY_ABOVE: u128 = 90;

/// A check named `bulkhead/<name>`: with more than 70 % of its places in use a bulkhead is
/// degraded, with more than 90 %, or closed, it is unhealthy, and one that was dropped is unknown.
///
/// Optional, so that even a full bulkhead degrades the service and no more: it is doing its job,
/// and without traffic this instance would only pass its load on to the others.
///
/// # Examples
/// ```
/// use steadfast_bulkhead::Bulkhead;
/// use steadfast_health::{Monitor, Status, checks};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let uploads = Bulkhead::builder("uploads").max_concurrent(1).build()?;
/// let monitor = Monitor::builder("orders").build()?;
/// monitor.register(checks::bulkhead(&uploads))?;
///
/// let _permit = uploads.try_acquire()?;
/// let report = monitor.check_now().await;
/// assert_eq!(report.components[0].status, Status::Unhealthy);
/// assert_eq!(report.readiness, Status::Degraded);
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "bulkhead")))]
pub fn bulkhead(bulkhead: &Bulkhead) -> Check {
    let name = format!("bulkhead/{}", bulkhead.name());
    let bulkhead = bulkhead.downgrade();
    Check::new(name, move || {
        let snapshot = bulkhead.upgrade().map(|bulkhead| bulkhead.snapshot());
        async { snapshot.map_or_else(gone, |snapshot| judge(&snapshot)) }
    })
    .optional()
    .interval(INTERVAL)
}

fn gone() -> Outcome {
    Outcome::unknown("bulkhead was dropped")
}

fn judge(snapshot: &Snapshot) -> Outcome {
    judge_places(snapshot, "bulkhead")
        .detail("busy", snapshot.busy)
        .detail("max_concurrent", snapshot.max_concurrent)
        .detail("waiting", snapshot.waiting)
}

/// How healthy the places of this kind of thing are, without details.
pub(super) fn judge_places(snapshot: &Snapshot, kind: &str) -> Outcome {
    let (busy, places) = (snapshot.busy, snapshot.max_concurrent);
    let in_use = || format!("{busy} of {places} places are in use");
    let above = |percent: u128| busy as u128 * 100 > places as u128 * percent;
    if snapshot.closed {
        Outcome::unhealthy(format!("{kind} is closed"))
    } else if above(UNHEALTHY_ABOVE) {
        Outcome::unhealthy(in_use())
    } else if above(DEGRADED_ABOVE) {
        Outcome::degraded(in_use())
    } else {
        Outcome::healthy()
    }
}
