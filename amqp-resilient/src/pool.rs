//! Channels of one kind: a bounded number of them, a bounded queue for them, and those that are idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lapin::Channel;
use parking_lot::Mutex;
use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::opened::Opened;
use crate::purpose::Purpose;
use crate::session::{ChannelMode, Session, close_when_settled};
use crate::state::Epoch;

/// How many channels, how many waiting for one, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_concurrent: usize,
    pub(crate) max_waiting: usize,
    pub(crate) checkout_timeout: Duration,
}

#[derive(Debug)]
pub(crate) struct ChannelPool {
    bulkhead: Bulkhead,
    mode: ChannelMode,
    /// What its channels are for, as the hook is told.
    purpose: Purpose,
    idle: Mutex<Vec<Opened>>,
    counts: Counts,
    /// Where channels are closed; they may be let go of outside any runtime.
    runtime: Handle,
}

/// Counts that order nothing, hence relaxed.
#[derive(Debug, Default)]
struct Counts {
    opened: AtomicU64,
    reused: AtomicU64,
    discarded: AtomicU64,
}

/// A pool's counts, read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolCounts {
    pub(crate) idle: usize,
    pub(crate) opened: u64,
    pub(crate) reused: u64,
    pub(crate) discarded: u64,
}

impl ChannelPool {
    pub(crate) fn new(
        name: &str,
        limits: Limits,
        mode: ChannelMode,
        purpose: Purpose,
        runtime: Handle,
    ) -> Self {
        let bulkhead = Bulkhead::builder(name)
            .max_concurrent(limits.max_concurrent)
            .max_waiting(limits.max_waiting)
            .checkout_timeout(limits.checkout_timeout)
            .build()
            .expect("limits and names are checked before they come here");
        Self {
            bulkhead,
            mode,
            purpose,
            idle: Mutex::default(),
            counts: Counts::default(),
            runtime,
        }
    }

    /// A place among those who may have a channel.
    pub(crate) async fn place(&self) -> Result<Permit, AmqpError> {
        self.bulkhead.acquire().await.map_err(refused)
    }

    /// A place, waited for no longer than until the deadline.
    pub(crate) async fn place_by(&self, deadline: Instant) -> Result<Permit, AmqpError> {
        let began = clock::now();
        let late = |_| {
            let waited = began.elapsed();
            Err(AmqpError::CheckoutTimeout { waited })
        };
        timeout_at(deadline, self.place())
            .await
            .unwrap_or_else(late)
    }

    /// An open channel of the current connection, which is waited for until the deadline. The
    /// caller has a place already.
    pub(crate) async fn channel(
        &self,
        hub: &Hub,
        deadline: Instant,
        patience: Patience,
    ) -> Result<(Arc<Session>, Opened), AmqpError> {
        loop {
            let session = hub.session(deadline, patience).await?;
            if let Some(channel) = self.take_idle(session.epoch()) {
                self.counts.reused.fetch_add(1, Ordering::Relaxed);
                return Ok((session, channel));
            }
            let error = match self.open(hub, &session, deadline).await {
                Ok(channel) => return Ok((session, channel)),
                Err(error) if is_passing(&error, &session) => error,
                Err(error) => return Err(error),
            };
            let again_at = clock::after(AGAIN);
            if again_at >= deadline {
                return Err(if session.is_up() && !session.is_blocked() {
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
        session: &Session,
        deadline: Instant,
    ) -> Result<Opened, AmqpError> {
        let by = || deadline.min(clock::after(hub.settings.channel_timeout));
        let channel = session.open_channel(self.mode, by()).await?;
        self.counts.opened.fetch_add(1, Ordering::Relaxed);
        let unready = Unready::new(self, channel);
        if let Some(hook) = &hub.on_channel {
            hook.run(&unready.channel, &self.purpose, by()).await?;
        }
        Ok(Opened::new(unready.ready(), session.epoch()))
    }

    /// Takes a channel back, to be given out again. It is closed instead if it is not as good as
    /// new.
    pub(crate) fn put_back(&self, channel: Opened) {
        if channel.is_as_opened() {
            self.idle.lock().push(channel);
        } else {
            self.discard(channel.into_channel());
        }
    }

    /// Closes a channel in the background.
    pub(crate) fn discard(&self, channel: Channel) {
        self.counts.discarded.fetch_add(1, Ordering::Relaxed);
        self.runtime.spawn(close_when_settled(channel));
    }

    /// Lets go of a channel. It is closed when its last clone, or the consumer on it, is dropped.
    pub(crate) fn let_go(&self, channel: Channel) {
        self.counts.discarded.fetch_add(1, Ordering::Relaxed);
        drop(channel);
    }

    fn take_idle(&self, epoch: Epoch) -> Option<Opened> {
        loop {
            let channel = self.idle.lock().pop()?;
            if channel.epoch() == epoch && channel.status().connected() {
                return Some(channel);
            }
            self.let_go(channel.into_channel());
        }
    }

    /// Lets go of every idle channel: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        let channels = std::mem::take(&mut *self.idle.lock());
        for channel in channels {
            self.let_go(channel.into_channel());
        }
    }

    /// Gives out nothing more.
    pub(crate) fn close(&self) {
        self.bulkhead.close();
    }

    pub(crate) fn in_use(&self) -> usize {
        self.bulkhead.snapshot().busy
    }

    #[cfg(feature = "telemetry")]
    pub(crate) fn mode(&self) -> ChannelMode {
        self.mode
    }

    pub(crate) fn bulkhead(&self) -> &Bulkhead {
        &self.bulkhead
    }

    pub(crate) fn counts(&self) -> PoolCounts {
        PoolCounts {
            idle: self.idle.lock().len(),
            opened: self.counts.opened.load(Ordering::Relaxed),
            reused: self.counts.reused.load(Ordering::Relaxed),
            discarded: self.counts.discarded.load(Ordering::Relaxed),
        }
    }
}

/// A channel that the hook has not done with. It is not known what was sent on it, so it is closed
/// rather than dropped when the hook fails, or its caller goes away.
struct Unready<'p> {
    pool: &'p ChannelPool,
    channel: Channel,
    ready: bool,
}

impl<'p> Unready<'p> {
    fn new(pool: &'p ChannelPool, channel: Channel) -> Self {
        Self {
            pool,
            channel,
            ready: false,
        }
    }

    fn ready(mut self) -> Channel {
        self.ready = true;
        self.channel.clone()
    }
}

impl Drop for Unready<'_> {
    fn drop(&mut self) {
        if !self.ready {
            self.pool.discard(self.channel.clone());
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
        AmqpError::ChannelHook { .. } => session.is_blocked() || !session.is_up(),
        _ => false,
    }
}

fn refused(rejected: Rejected) -> AmqpError {
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
