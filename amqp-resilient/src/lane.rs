//! A channel in confirm mode with messages in flight on it.

use std::collections::HashSet;
use std::future::poll_fn;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use lapin::PublisherConfirm;
use lapin::options::BasicPublishOptions;
use parking_lot::Mutex;
use steadfast_bulkhead::Checkout;

use crate::classify;
use crate::error::AmqpError;
use crate::message::Outgoing;
use crate::opened::Opened;
use crate::session::Session;
use crate::spans::PublishSpan;

/// A publisher's channel. When the last message on it has gone the channel goes back to its pool, if all of
/// them were answered.
pub(crate) struct Lane {
    /// There until the lane is dropped.
    channel: Option<Checkout<Opened, AmqpError>>,
    /// Held while a message is handed to lapin.
    turn: Mutex<()>,
    load: Mutex<Load>,
}

/// What is, and was, on a lane.
#[derive(Default)]
struct Load {
    /// Messages that have an answer to come.
    in_flight: usize,
    /// Messages ever.
    boarded: u64,
    /// Messages whose answer nobody waits for any more.
    unanswered: usize,
    /// What tells the returns of all these apart. Two that are taken for one do no harm.
    returnable: HashSet<u64>,
}

impl Lane {
    pub(crate) fn new(channel: Checkout<Opened, AmqpError>) -> Self {
        Self {
            channel: Some(channel),
            turn: Mutex::new(()),
            load: Mutex::default(),
        }
    }

    pub(crate) fn channel(&self) -> &Opened {
        self.channel.as_ref().expect("it goes only when dropped")
    }

    pub(crate) fn session(&self) -> &Arc<Session> {
        self.channel().session()
    }

    /// Whether more messages may be sent on it. lapin remembers each one whose confirm nobody waits for until
    /// the channel is closed, so there must not be many of those.
    pub(crate) fn is_good(&self) -> bool {
        self.load.lock().unanswered < MAX_UNANSWERED && self.channel().is_as_opened()
    }

    /// Sends nothing more on it.
    pub(crate) fn retire(&self) {
        self.load.lock().unanswered = MAX_UNANSWERED;
    }

    /// Puts a message on the lane, unless there is one on it whose return could be taken for that of the new
    /// one: of the same id, to the same place, with its answer to come, even if nobody waits for that any
    /// more. Nothing is sent yet.
    pub(crate) fn board(self: Arc<Self>, message: &Outgoing) -> Option<InFlight> {
        let returnable = message.mandatory.then(|| returnable(message));
        let mut load = self.load.lock();
        if let Some(returnable) = returnable
            && !load.returnable.insert(returnable)
        {
            return None;
        }
        let first = load.in_flight == 0 && load.unanswered == 0;
        load.in_flight += 1;
        load.boarded += 1;
        let number = load.boarded;
        drop(load);
        Some(InFlight {
            lane: self,
            first,
            number,
            returnable,
            answered: false,
        })
    }
}

/// What the broker says of a message when it sends it back.
fn returnable(message: &Outgoing) -> u64 {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    hasher.hash_one((
        message.id.as_str(),
        message.exchange.as_str(),
        message.routing_key.as_str(),
    ))
}

impl Drop for Lane {
    fn drop(&mut self) {
        let Some(channel) = self.channel.take() else {
            return;
        };
        if self.load.get_mut().unanswered == 0 && channel.is_as_opened() {
            drop(channel);
        } else {
            channel.discard();
        }
    }
}

/// One message on a lane. If it is dropped before its answer came, a dropped future included, the answer is
/// one that nobody waits for.
pub(crate) struct InFlight {
    lane: Arc<Lane>,
    /// Whether there was no other when it came, with an answer to come.
    first: bool,
    number: u64,
    /// Its entry among those of the lane.
    returnable: Option<u64>,
    answered: bool,
}

impl InFlight {
    pub(crate) fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Hands the message over. All of it happens in the first poll, and nothing before.
    ///
    /// lapin numbers a message in one step and queues it in another, and does not keep two callers from
    /// changing places in between: each would get the other's confirm. So they take turns.
    ///
    /// `handed_over` is called when lapin has it, which is before it is written to the connection: what is
    /// handed over later comes later.
    pub(crate) async fn hand_over(
        &self,
        message: &Outgoing,
        span: &mut PublishSpan,
        handed_over: impl FnOnce(),
    ) -> lapin::Result<PublisherConfirm> {
        let options = BasicPublishOptions {
            mandatory: message.mandatory,
            immediate: false,
        };
        let mut publishing = pin!(self.lane.channel().basic_publish(
            message.exchange.clone(),
            message.routing_key.clone(),
            options,
            &message.body,
            message.properties.clone(),
        ));
        let first = poll_fn(|cx| {
            let _turn = self.lane.turn.lock();
            Poll::Ready(publishing.as_mut().poll(cx))
        });
        let first = first.await;
        if !matches!(&first, Poll::Ready(Err(error)) if classify::never_sent(error)) {
            span.sent();
            handed_over();
        }
        match first {
            Poll::Ready(confirm) => confirm,
            Poll::Pending => publishing.await,
        }
    }

    /// Whether no other message has been on the channel while this one was.
    pub(crate) fn was_alone(&self) -> bool {
        self.first && self.lane.load.lock().boarded == self.number
    }

    /// Its answer came, or it was never sent.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut load = self.lane.load.lock();
        load.in_flight -= 1;
        load.unanswered += usize::from(!self.answered);
        if let Some(returnable) = self.returnable.filter(|_| self.answered) {
            load.returnable.remove(&returnable);
        }
    }
}

/// Some 50 KB of lapin's memory.
const MAX_UNANSWERED: usize = 64;
