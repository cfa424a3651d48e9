//! Channels of one kind: a bounded number of them, a bounded queue for them, and those that are idle.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use steadfast_bulkhead::{Bulkhead, Checkout, Pool, PoolError, PoolSnapshot, Reason, Rejected};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::opened::Opened;
use crate::purpose::Purpose;
use crate::session::{ChannelMode, Session};
use crate::snapshot::ChannelPoolSnapshot;

/// How many channels, how many waiting for one, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_concurrent: usize,
    pub(crate) max_waiting: usize,
    pub(crate) checkout_timeout: Duration,
}

/// A pool of channels in one mode.
#[derive(Debug)]
pub(crate) struct ChannelPool {
    pool: Pool<Opened, AmqpError>,
    counts: Arc<Counts>,
}

/// Counts that order nothing, hence relaxed.
#[derive(Debug, Default)]
struct Counts {
    opened: AtomicU64,
    /// Channels that the hook could not set up, or whose caller went away meanwhile.
    spoiled: AtomicU64,
}

tokio::task_local! {
    /// How long the caller who has a channel opened for him can wait, and for what.
    static CALLER: (Instant, Patience);
}

impl ChannelPool {
    pub(crate) fn new(
        name: &str,
        limits: Limits,
        mode: ChannelMode,
        purpose: Purpose,
        hub: Weak<Hub>,
    ) -> Self {
        let counts = Arc::<Counts>::default();
        let opening = Arc::new(Opening {
            hub,
            mode,
            purpose,
            counts: Arc::clone(&counts),
        });
        let create = move || {
            let opening = Arc::clone(&opening);
            async move { opening.run().await }
        };
        let pool = Pool::builder(name, create)
            .max_concurrent(limits.max_concurrent)
            .max_waiting(limits.max_waiting)
            .checkout_timeout(limits.checkout_timeout)
            // The caller's deadline ends it.
            .create_timeout(Duration::MAX)
            .is_valid(Opened::is_as_opened)
            .build()
            .expect("limits and names are checked before they come here");
        Self { pool, counts }
    }

    /// A channel of a connection that, at this moment, is up and not blocked. The deadline is for opening
    /// it and for the connection, and for a second wait in line; the first one has the pool's own.
    pub(crate) async fn checkout(
        &self,
        hub: &Hub,
        deadline: Instant,
        patience: Patience,
    ) -> Result<Checkout<Opened, AmqpError>, AmqpError> {
        let began = clock::now();
        let mut channel = self.lend(deadline, patience).await?;
        loop {
            while channel.is_open() {
                if channel.session().is_usable() {
                    return Ok(channel);
                }
                // It was idle when an alarm came. The place is kept.
                hub.session(deadline, patience).await?;
            }
            channel.discard();
            // In line again, behind those who came meanwhile.
            let lending = timeout_at(deadline, self.lend(deadline, patience));
            channel = lending.await.unwrap_or_else(|_| {
                let waited = began.elapsed();
                Err(AmqpError::CheckoutTimeout { waited })
            })?;
        }
    }

    async fn lend(
        &self,
        deadline: Instant,
        patience: Patience,
    ) -> Result<Checkout<Opened, AmqpError>, AmqpError> {
        let lending = CALLER.scope((deadline, patience), self.pool.checkout());
        lending.await.map_err(refused)
    }

    /// Lets go of every idle channel: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        self.pool.clear_idle();
    }

    /// Gives out nothing more.
    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) fn in_use(&self) -> usize {
        self.pool.bulkhead().snapshot().busy
    }

    pub(crate) fn bulkhead(&self) -> &Bulkhead {
        self.pool.bulkhead()
    }

    pub(crate) fn snapshot(&self) -> ChannelPoolSnapshot {
        let PoolSnapshot {
            bulkhead,
            idle,
            recycled,
            discarded,
            ..
        } = self.pool.snapshot();
        ChannelPoolSnapshot {
            idle,
            opened: self.counts.opened.load(Ordering::Relaxed),
            reused: recycled,
            discarded: discarded + self.counts.spoiled.load(Ordering::Relaxed),
            bulkhead,
        }
    }
}

/// How a pool comes to new channels.
struct Opening {
    hub: Weak<Hub>,
    mode: ChannelMode,
    purpose: Purpose,
    counts: Arc<Counts>,
}

impl Opening {
    /// Opens a channel on the present connection, which is waited for.
    async fn run(&self) -> Result<Opened, AmqpError> {
        let (deadline, patience) = CALLER.get();
        let hub = self.hub.upgrade().ok_or(AmqpError::Closed)?;
        loop {
            let session = hub.session(deadline, patience).await?;
            let error = match self.open(&hub, &session, deadline).await {
                Ok(channel) => return Ok(channel),
                Err(error) if is_passing(&error, &session) => error,
                Err(error) => return Err(error),
            };
            let again_at = clock::after(AGAIN);
            if again_at >= deadline {
                return Err(if session.is_usable() {
                    error
                } else {
                    hub.gave_up_waiting()
                });
            }
            sleep_until(again_at).await;
        }
    }

    /// Opens a channel and lets the hook set it up.
    async fn open(
        &self,
        hub: &Hub,
        session: &Arc<Session>,
        deadline: Instant,
    ) -> Result<Opened, AmqpError> {
        let by = || deadline.min(clock::after(hub.settings.channel_timeout));
        let channel = session.open_channel(self.mode, by()).await?;
        self.counts.opened.fetch_add(1, Ordering::Relaxed);
        // From here on it is closed, not dropped, should the hook fail or the caller go away.
        let runtime = hub.pools.runtime().clone();
        let mut opened = Opened::new(channel, Arc::clone(session), self.mode, runtime);
        if let Some(hook) = &hub.on_channel {
            let mut spoiled = Spoiled(Some(&self.counts));
            hook.run(&opened, &self.purpose, by()).await?;
            spoiled.0 = None;
            opened.settle();
        }
        Ok(opened)
    }
}

/// Counts a channel that is not set up when it is dropped.
struct Spoiled<'c>(Option<&'c Counts>);

impl Drop for Spoiled<'_> {
    fn drop(&mut self) {
        if let Some(counts) = self.0 {
            counts.spoiled.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Whether an error of opening a channel is that of a moment that a caller can wait out.
fn is_passing(error: &AmqpError, session: &Session) -> bool {
    match error {
        // The connection is going down: there may be another one in time.
        AmqpError::Lapin(_) => true,
        // It was not slow but blocked: wait for the end of the alarm.
        AmqpError::ChannelTimeout { .. } => session.is_blocked(),
        AmqpError::ChannelHook { .. } => !session.is_usable(),
        _ => false,
    }
}

fn refused(error: PoolError<AmqpError>) -> AmqpError {
    match error {
        PoolError::Create(error) => error,
        PoolError::Rejected(rejected) => turned_away(&rejected),
        // Neither is asked for an idle channel only, nor is there a limit to creating one.
        _ => AmqpError::Closed,
    }
}

/// What a bulkhead's refusal means here.
pub(crate) fn turned_away(rejected: &Rejected) -> AmqpError {
    match rejected.reason() {
        Reason::Full {
            concurrent,
            waiting,
        } => AmqpError::PoolFull {
            concurrent,
            waiting,
        },
        Reason::Timeout { waited, .. } => AmqpError::CheckoutTimeout { waited },
        _ => AmqpError::Closed,
    }
}

/// How soon to ask again when the connection goes down while a channel is being opened.
const AGAIN: Duration = Duration::from_millis(20);
