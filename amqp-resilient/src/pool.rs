//! Channels of one kind: a bounded number of them, a bounded queue for them, and those that are idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lapin::Channel;
use lapin::options::BasicQosOptions;
use parking_lot::Mutex;
use steadfast_bulkhead::{Bulkhead, Permit, Reason, Rejected};
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::clock;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::session::{ChannelMode, Session};
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
    idle: Mutex<Vec<(Epoch, Channel)>>,
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
    pub(crate) fn new(name: &str, limits: Limits, mode: ChannelMode, runtime: Handle) -> Self {
        let bulkhead = Bulkhead::builder(name)
            .max_concurrent(limits.max_concurrent)
            .max_waiting(limits.max_waiting)
            .checkout_timeout(limits.checkout_timeout)
            .build()
            .expect("limits and names are checked before they come here");
        Self {
            bulkhead,
            mode,
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
    ) -> Result<(Arc<Session>, Channel), AmqpError> {
        loop {
            let session = hub.session(deadline, patience).await?;
            if let Some(channel) = self.take_idle(session.epoch()) {
                self.counts.reused.fetch_add(1, Ordering::Relaxed);
                return Ok((session, channel));
            }
            let open_by = deadline.min(clock::after(hub.settings.channel_timeout));
            let error = match session.open_channel(self.mode, open_by).await {
                Ok(channel) => {
                    self.counts.opened.fetch_add(1, Ordering::Relaxed);
                    return Ok((session, channel));
                }
                // It was not slow but blocked: wait for the end of the alarm.
                Err(error @ AmqpError::ChannelTimeout { .. }) if session.is_blocked() => error,
                // The connection is going down: there may be another one in time.
                Err(error @ AmqpError::Lapin(_)) => error,
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

    /// Takes a channel back, to be given out again. It is closed instead if it is not as good as
    /// new.
    pub(crate) fn put_back(&self, epoch: Epoch, channel: Channel) {
        if is_reusable(&channel, self.mode) {
            self.idle.lock().push((epoch, channel));
        } else {
            self.discard(channel);
        }
    }

    /// Closes a channel, once the broker has dealt with everything that was sent on it.
    ///
    /// When the broker closes a channel, over a message for instance, while the client closes it
    /// too, the whole connection is lost: lapin takes the broker's answer to its close for a frame
    /// on an unknown channel. So the broker is asked something first. When it has answered, no
    /// complaint about what came before can follow; and when it complains, there is nothing left
    /// to close. Nor is it left to lapin to close a channel that is dropped, for it takes the
    /// connection down when that close fails. This one's errors are of no interest.
    pub(crate) fn discard(&self, channel: Channel) {
        self.counts.discarded.fetch_add(1, Ordering::Relaxed);
        if !channel.status().connected() {
            return;
        }
        self.runtime.spawn(async move {
            let dealt_with = channel.basic_qos(0, BasicQosOptions::default());
            if let Ok(Ok(())) = timeout(CLOSE_TIMEOUT, dealt_with).await {
                let closing = channel.close(200, "not needed any more".into());
                let _ = timeout(CLOSE_TIMEOUT, closing).await;
            }
        });
    }

    /// Lets go of a channel. It is closed when its last clone, or the consumer on it, is dropped.
    pub(crate) fn let_go(&self, channel: Channel) {
        self.counts.discarded.fetch_add(1, Ordering::Relaxed);
        drop(channel);
    }

    fn take_idle(&self, epoch: Epoch) -> Option<Channel> {
        loop {
            let (of, channel) = self.idle.lock().pop()?;
            if of == epoch && channel.status().connected() {
                return Some(channel);
            }
            self.let_go(channel);
        }
    }

    /// Lets go of every idle channel: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        let channels = std::mem::take(&mut *self.idle.lock());
        for (_, channel) in channels {
            self.let_go(channel);
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

/// Whether a channel is open, and nothing was set on it that the next user would not expect.
fn is_reusable(channel: &Channel, mode: ChannelMode) -> bool {
    let status = channel.status();
    status.connected()
        && status.confirm() == (mode == ChannelMode::Confirm)
        && status.qos() == lapin::ChannelQos::default()
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

/// How long the broker may take for each step of closing a channel that nobody uses any more.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
