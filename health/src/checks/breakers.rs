//! A check that looks at a set of circuit breakers.

use steadfast_breaker::{CircuitBreaker, Keyed};

use crate::check::Check;
use crate::checks::INTERVAL;
use crate::checks::breaker::judge;
use crate::outcome::Outcome;
use crate::status::Status;

/// How many breakers a message names.
const NAMED: usize = 5;

/// A check named `breakers/<name>`, of a set with one breaker for each key: unhealthy when every one of
/// them rejects its calls, degraded when some do or are probing, else healthy, as without any key. How one of
/// them is, is said with [`breaker`](crate::checks::breaker()). A set that was dropped is unknown. Optional.
///
/// Some are no more than degraded, because a host that is gone for good leaves an open breaker that nobody
/// asks again.
///
/// The message names up to five of them, the worst first. Every look clones all keys: in a set of very many,
/// look less often, with [`Check::interval`].
///
/// # Details
/// `keys`, those with a breaker of their own; `rejecting` and `probing`, breakers; `overflowed`, once keys
/// found no room: from then on the breaker that those share is looked at like any other.
///
/// # Examples
/// ```
/// use steadfast_breaker::Keyed;
/// use steadfast_health::{Monitor, Status, checks};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hosts: Keyed<String> = Keyed::builder("hosts").breaker(|each| each.failure_threshold(1)).build()?;
/// let monitor = Monitor::builder("orders").build()?;
/// monitor.register(checks::breakers(&hosts))?;
///
/// hosts.get("a.example").try_acquire()?.failure();
/// hosts.get("b.example").try_acquire()?.success();
/// let report = monitor.check_now().await;
/// assert_eq!(report.components[0].status, Status::Degraded);
/// assert_eq!(report.components[0].message.as_deref(), Some("rejecting: hosts/a.example"));
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "breaker")))]
pub fn breakers<K>(breakers: &Keyed<K>) -> Check
where
    K: std::hash::Hash + Eq + Clone + std::fmt::Display + Send + Sync + 'static,
{
    let name = format!("breakers/{}", breakers.name());
    let breakers = breakers.downgrade();
    Check::new(name, move || {
        let outcome = breakers.upgrade().map_or_else(gone, |set| {
            let overflowed = set.snapshot().overflowed;
            let own = set.breakers();
            let keys = own.len();
            let own = own.into_iter().map(|(_key, breaker)| breaker);
            let shared = (overflowed > 0).then(|| set.overflow());
            look(own.chain(shared), keys, overflowed)
        });
        async { outcome }
    })
    .optional()
    .interval(INTERVAL)
}

fn gone() -> Outcome {
    Outcome::unknown("set of circuit breakers was dropped")
}

fn look(breakers: impl Iterator<Item = CircuitBreaker>, keys: usize, overflowed: u64) -> Outcome {
    let mut all = 0;
    let (mut rejecting, mut probing) = (Vec::new(), Vec::new());
    for breaker in breakers {
        all += 1;
        match judge(&breaker.snapshot()).status() {
            Status::Healthy => {}
            Status::Degraded => probing.push(breaker.name().to_owned()),
            Status::Unhealthy | Status::Unknown => rejecting.push(breaker.name().to_owned()),
        }
    }
    rejecting.sort();
    probing.sort();
    let message = message(&rejecting, &probing);
    let outcome = if rejecting.len() + probing.len() == 0 {
        Outcome::healthy()
    } else if rejecting.len() == all {
        Outcome::unhealthy(message)
    } else {
        Outcome::degraded(message)
    };
    let outcome = outcome
        .detail("keys", keys)
        .detail("rejecting", rejecting.len())
        .detail("probing", probing.len());
    match overflowed {
        0 => outcome,
        _ => outcome.detail("overflowed", overflowed),
    }
}

fn message(rejecting: &[String], probing: &[String]) -> String {
    let kinds = [("rejecting", rejecting), ("probing", probing)];
    let mut room = NAMED;
    let mut parts = Vec::new();
    for (kind, names) in kinds {
        let named = &names[..names.len().min(room)];
        room -= named.len();
        if !named.is_empty() {
            parts.push(format!("{kind}: {}", named.join(", ")));
        }
    }
    let more = (rejecting.len() + probing.len()).saturating_sub(NAMED);
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}
