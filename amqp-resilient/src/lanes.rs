//! The channels of one publisher: one that is shared by all messages that are believed to be harmless, and
//! some for those of which nobody knows yet, each alone.
//!
//! RabbitMQ closes a channel over a message that it cannot accept, for an exchange that is not there for
//! instance, and with it goes what is known of all others on the channel. So the first message to an exchange
//! has a channel to itself, and so has every one that was on a channel when it was closed, and one that has
//! its id in common with another on the shared channel: the broker names what it returns by nothing else.
//! Sharing is what makes a publisher fast: its channel may have hundreds of messages in flight.

use std::collections::HashSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use lapin::types::ShortString;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::clock;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::lane::{InFlight, Lane};
use crate::message::Outgoing;
use crate::pool::{ChannelPool, Limits};
use crate::purpose::Purpose;
use crate::session::ChannelMode;

pub(crate) struct Lanes {
    pool: ChannelPool,
    shared: Mutex<Shared>,
    /// The shared lane was opened, or could not be.
    settled: Notify,
}

#[derive(Default)]
struct Shared {
    lane: Option<Arc<Lane>>,
    opening: bool,
    /// Exchanges to which messages were answered. It may be wrong, as they may be deleted.
    trusted: HashSet<ShortString>,
}

/// Which way a message goes.
enum Way {
    Shared(Arc<Lane>),
    /// The shared lane has to be opened first, and here is the right to do it.
    Open,
    /// Somebody else is opening it.
    Wait,
    Alone,
}

impl Lanes {
    pub(crate) fn new(name: &str, hub: Weak<Hub>) -> Self {
        let limits = Limits {
            max_concurrent: 1 + ALONE,
            max_waiting: usize::MAX,
            // The deadline of each message bounds its wait.
            checkout_timeout: Duration::MAX,
        };
        let pool = ChannelPool::new(name, limits, ChannelMode::Confirm, Purpose::Publish, hub);
        let mut shared = Shared::default();
        // The default exchange is always there.
        shared.trusted.insert(ShortString::default());
        Self {
            pool,
            shared: Mutex::new(shared),
            settled: Notify::new(),
        }
    }

    /// A place for a message, on a connection that is up and not blocked; and whether it is shared.
    pub(crate) async fn lane(
        &self,
        message: &Outgoing,
        hub: &Hub,
        deadline: Instant,
        patience: Patience,
    ) -> Result<(InFlight, bool), AmqpError> {
        let began = clock::now();
        let too_late = || AmqpError::CheckoutTimeout {
            waited: began.elapsed(),
        };
        let mut alone = false;
        loop {
            let settled = self.settled.notified();
            let way = match alone {
                true => Way::Alone,
                false => self.way(&message.exchange),
            };
            match way {
                Way::Shared(lane) if lane.session().is_usable() => match lane.board(message) {
                    Some(in_flight) => return Ok((in_flight, true)),
                    None => alone = true,
                },
                Way::Shared(lane) => {
                    // An alarm, or a loss that lapin has not noticed on this channel yet.
                    drop(lane);
                    hub.session(deadline, patience).await?;
                }
                Way::Alone => {
                    let opening = timeout_at(deadline, self.open(hub, deadline, patience));
                    let lane = opening.await.map_err(|_| too_late())??;
                    if let Some(in_flight) = lane.board(message) {
                        return Ok((in_flight, false));
                    }
                }
                Way::Open => {
                    let opening = OpeningShared(self);
                    let lane = timeout_at(deadline, self.open(hub, deadline, patience));
                    opening.done(lane.await.map_err(|_| too_late())??);
                }
                Way::Wait => {
                    let opened = timeout_at(deadline, settled).await;
                    opened.map_err(|_| too_late())?;
                }
            }
        }
    }

    fn way(&self, exchange: &ShortString) -> Way {
        let mut shared = self.shared.lock();
        let spent = shared.lane.take_if(|lane| !lane.is_good());
        let way = if !shared.trusted.contains(exchange) {
            Way::Alone
        } else if let Some(lane) = &shared.lane {
            Way::Shared(Arc::clone(lane))
        } else if shared.opening {
            Way::Wait
        } else {
            shared.opening = true;
            Way::Open
        };
        drop(shared);
        drop(spent);
        way
    }

    async fn open(
        &self,
        hub: &Hub,
        deadline: Instant,
        patience: Patience,
    ) -> Result<Arc<Lane>, AmqpError> {
        let channel = self.pool.checkout(hub, deadline, patience).await?;
        Ok(Arc::new(Lane::new(channel)))
    }

    /// A message to this exchange was answered, one way or another.
    pub(crate) fn trust(&self, exchange: &ShortString) {
        let mut shared = self.shared.lock();
        if shared.trusted.len() >= MAX_TRUSTED {
            shared.trusted.clear();
            shared.trusted.insert(ShortString::default());
        }
        shared.trusted.insert(exchange.clone());
    }

    /// The broker closed the shared channel with a message to this exchange on it.
    pub(crate) fn distrust(&self, exchange: &ShortString) {
        self.shared.lock().trusted.remove(exchange);
    }

    /// Lets go of the channels that have nothing in flight: their connection has ended.
    pub(crate) fn forget_idle(&self) {
        let lane = self.shared.lock().lane.take_if(|lane| !lane.is_good());
        drop(lane);
        self.pool.forget_idle();
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }

    pub(crate) fn pool(&self) -> &ChannelPool {
        &self.pool
    }
}

/// The right to open the shared lane; passed on when it is dropped.
struct OpeningShared<'l>(&'l Lanes);

impl OpeningShared<'_> {
    fn done(self, lane: Arc<Lane>) {
        self.0.shared.lock().lane = Some(lane);
    }
}

impl Drop for OpeningShared<'_> {
    fn drop(&mut self) {
        self.0.shared.lock().opening = false;
        self.0.settled.notify_waiters();
    }
}

/// Channels besides the shared one.
const ALONE: usize = 8;

/// So that a publisher with an exchange for everybody does not grow for ever.
const MAX_TRUSTED: usize = 1024;
