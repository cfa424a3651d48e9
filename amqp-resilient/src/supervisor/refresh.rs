//! Keeping the secret of a connection fresh while it is up.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use steadfast_retry::{Backoff, Jitter};
use tokio::time::{sleep, sleep_until};

use crate::access::Access;
use crate::clock;
use crate::credentials::Lease;
use crate::error::AmqpError;
use crate::hub::Hub;
use crate::link::Event;
use crate::observer::SecretRefresh;
use crate::session::Session;

/// Keeps the secret of a connection fresh for as long as it is polled. Never ends.
pub(super) type KeepingFresh = BoxFuture<'static, Infallible>;

/// Gives the broker a new secret each time that the one it has is about to run out.
pub(super) fn keep_fresh(refresh: Refresh, lease: Option<Lease>, backoff: Backoff) -> KeepingFresh {
    let refresh = Arc::new(refresh);
    let telling = Arc::clone(&refresh);
    Box::pin(follow(
        lease,
        backoff,
        async move || refresh.once().await,
        move |outcome, lease| telling.tell(outcome, lease),
    ))
}

/// How one connection's secret is refreshed.
pub(super) struct Refresh {
    pub(super) hub: Arc<Hub>,
    pub(super) access: Arc<Access>,
    pub(super) session: Arc<Session>,
}

impl Refresh {
    async fn once(&self) -> Result<Option<Lease>, AmqpError> {
        if !self.session.is_up() {
            // Whoever polls this is about to notice.
            return pending().await;
        }
        self.unless_blocked()?;
        let Some(grant) = self.access.authorize().await? else {
            return Ok(None);
        };
        self.unless_blocked()?;
        let deadline = clock::after(self.hub.settings.channel_timeout);
        let secret = &grant.credentials.secret;
        self.session.update_secret(secret, deadline).await?;
        Ok(grant.lease)
    }

    /// On a blocked connection the command would hang, and not be taken back.
    fn unless_blocked(&self) -> Result<(), AmqpError> {
        if self.session.is_blocked() {
            Err(self.hub.gave_up_waiting())
        } else {
            Ok(())
        }
    }

    /// Tells what came of it, and what lease the connection has now.
    fn tell(&self, outcome: Result<(), AmqpError>, lease: Option<Lease>) {
        let error = outcome.err().map(Arc::new);
        let until = lease.map(Lease::runs_out_at);
        self.hub.apply(match &error {
            None => Event::SecretRefreshed {
                secret_until: until,
            },
            Some(error) => Event::RefreshFailed {
                error: Arc::clone(error),
            },
        });
        let now = clock::now();
        let refresh = SecretRefresh {
            name: Arc::clone(&self.hub.name),
            epoch: self.session.epoch(),
            error,
            expires_in: until.map(|until| until.saturating_duration_since(now)),
        };
        self.hub
            .observers
            .tell(|observer| observer.secret_refreshed(&refresh));
    }
}

/// Refreshes when a lease says so, and after a failure again and again: the waits grow with the backoff, but
/// no longer than a quarter of the fifth of its life that a lease has left.
async fn follow(
    mut lease: Option<Lease>,
    backoff: Backoff,
    refresh: impl AsyncFn() -> Result<Option<Lease>, AmqpError>,
    tell: impl Fn(Result<(), AmqpError>, Option<Lease>),
) -> Infallible {
    while let Some(current) = lease {
        let soonest = clock::after(AT_MOST_EVERY);
        sleep_until(current.refresh_at().max(soonest)).await;
        let cap = backoff.cap().min(current.life() / 20).max(SHORTEST_WAIT);
        let mut waits = backoff.max(cap).jitter(Jitter::Equal).waits();
        lease = loop {
            match refresh().await {
                Ok(next) => break next,
                Err(error) => tell(Err(error), lease),
            }
            sleep(waits.next().unwrap_or(cap)).await;
        };
        tell(Ok(()), lease);
    }
    pending().await
}

/// Whatever the leases say: a secret may have run out when it comes.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The least that the longest wait after a failure is.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests;
