//! A ready-made health check.

use std::time::Duration;

use steadfast_breaker::State;
use steadfast_health::{Check, Outcome};

use crate::client::Client;
use crate::snapshot::{AuthoritySnapshot, Snapshot};

/// How often the check looks: it costs a few locks, and a circuit can open and close in between.
const INTERVAL: Duration = Duration::from_secs(5);

/// How many authorities a message names of each kind: a client can know a thousand.
const NAMED: usize = 5;

/// Above this share of its places in use, in percent, an authority is short of them.
const SHORT_ABOVE: u128 = 70;

impl Client {
    /// A check named `http/<name>`. It asks no server; it looks at the circuits and the bulkheads.
    ///
    /// Unhealthy when the circuits of all authorities are open; degraded when some are, when one may
    /// probe, or when more than 70 % of an authority's places are in use; else healthy, before the
    /// first request too. Unknown once the client was dropped. The message names up to five authorities of
    /// each kind.
    ///
    /// Optional: a service without one of its dependencies is degraded, not down. Looks every 5 s.
    ///
    /// # Examples
    /// ```
    /// use steadfast_health::{Monitor, Status};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = steadfast_http::Client::named("payments").build()?;
    /// let monitor = Monitor::builder("orders").build()?;
    /// monitor.register(client.health_check())?;
    /// assert_eq!(monitor.check_now().await.status, Status::Healthy);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "health")))]
    pub fn health_check(&self) -> Check {
        let name = format!("http/{}", self.name());
        let client = self.downgrade();
        Check::new(name, move || {
            let snapshot = client.upgrade().map(|client| client.snapshot());
            async { snapshot.map_or_else(gone, |snapshot| judge(&snapshot)) }
        })
        .optional()
        .interval(INTERVAL)
    }
}

fn gone() -> Outcome {
    Outcome::unknown("http client was dropped")
}

fn judge(snapshot: &Snapshot) -> Outcome {
    let all = &snapshot.authorities;
    let open = names(all, is_open);
    let probing = names(all, |one| {
        one.breaker.state != State::Closed && !is_open(one)
    });
    let short = names(all, is_short);
    let mut why = Vec::new();
    for (what, which) in [
        ("circuit open", &open),
        ("probing", &probing),
        ("short of places", &short),
    ] {
        if !which.is_empty() {
            why.push(format!("{what}: {}", some_of(which)));
        }
    }
    let outcome = if why.is_empty() {
        Outcome::healthy()
    } else if open.len() == all.len() {
        Outcome::unhealthy(why.join("; "))
    } else {
        Outcome::degraded(why.join("; "))
    };
    outcome
        .detail("authorities", all.len())
        .detail("open", open.len())
        .detail("in_flight", snapshot.in_flight)
}

fn names(all: &[AuthoritySnapshot], which: impl Fn(&AuthoritySnapshot) -> bool) -> Vec<&str> {
    let chosen = all.iter().filter(|one| which(one));
    chosen.map(|one| &*one.authority).collect()
}

fn some_of(names: &[&str]) -> String {
    let named = names[..names.len().min(NAMED)].join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// Open, and not yet ready for a probe. One that is ready needs traffic to close.
fn is_open(one: &AuthoritySnapshot) -> bool {
    let wait = one.breaker.retry_after;
    one.breaker.state == State::Open && wait.is_none_or(|wait| !wait.is_zero())
}

fn is_short(one: &AuthoritySnapshot) -> bool {
    let places = &one.bulkhead;
    places.busy as u128 * 100 > places.max_concurrent as u128 * SHORT_ABOVE
}
