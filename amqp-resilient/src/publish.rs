//! Publishing one message: send it, make sense of the answer, send it again if there was none.

mod answer;
mod exchange;
mod order;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::answer::Answer;
use self::order::Order;
pub(crate) use self::order::Orders;
use crate::buffer::Backpressure;
use crate::clock;
use crate::config_error::FieldError;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::lane::InFlight;
use crate::message::Outgoing;
use crate::pool::turned_away;
use crate::publish_error::PublishError;
use crate::published::Published;
use crate::publisher::PublisherCore;
use crate::session::Session;
use crate::spans::PublishSpan;
use crate::wire;

/// One publish on its way.
pub(crate) struct Publishing<'a> {
    hub: &'a Hub,
    core: &'a PublisherCore,
    message: &'a Outgoing,
    span: &'a mut PublishSpan,
    began: Instant,
    deadline: Instant,
    /// The order that it has to keep, if nobody waits for it.
    order: Option<&'a Order>,
    /// Held until the message was handed over, so that those behind it come later.
    turn: Option<SemaphorePermit<'a>>,
    /// Held until the message was answered, so that none on another channel comes in between.
    in_order: Option<SemaphorePermit<'a>>,
    /// How often the message was handed to a connection.
    sent: u32,
    /// How many of those times the outcome stayed unknown.
    unknown: u32,
    /// Connections that the broker closed over a bad frame, with this message in flight.
    suspicions: u32,
}

impl<'a> Publishing<'a> {
    pub(crate) fn new(
        hub: &'a Hub,
        core: &'a PublisherCore,
        message: &'a Outgoing,
        deadline: Instant,
        span: &'a mut PublishSpan,
    ) -> Self {
        Self {
            hub,
            core,
            message,
            span,
            began: clock::now(),
            deadline,
            order: None,
            turn: None,
            in_order: None,
            sent: 0,
            unknown: 0,
            suspicions: 0,
        }
    }

    /// As [`run`](Self::run), after the messages of the order that came before, and before those that come
    /// after.
    pub(crate) async fn run_in_order(
        mut self,
        order: &'a Order,
    ) -> Result<Published, PublishError> {
        let turn = self.in_line(order.turns.acquire()).await?;
        self.turn = Some(turn.map_err(|_closed| AmqpError::Closed)?);
        self.order = Some(order);
        self.run().await
    }

    pub(crate) async fn run(mut self) -> Result<Published, PublishError> {
        let place = self.in_line(self.core.places.acquire()).await?;
        let _place = place.map_err(|rejected| turned_away(&rejected))?;
        let mut pause = FIRST_PAUSE;
        loop {
            let quarantine = self.quarantine().await?;
            let (in_flight, is_shared) = match self.lane().await {
                Ok(found) => found,
                Err(error) => return Err(self.failed(error)),
            };
            let session = Arc::clone(in_flight.lane().session());
            if let Some(error) = self.too_large(&session) {
                in_flight.answered();
                return Err(self.failed(error));
            }
            if !self.comes_at_once(is_shared) {
                in_flight.answered();
                self.wait_for_those_before(is_shared).await?;
                continue;
            }
            if clock::now() >= self.deadline {
                in_flight.answered();
                return Err(self.gave_up(None));
            }
            let answer = self.send(&session, in_flight, is_shared).await;
            if !matches!(answer, Answer::NotSent) {
                (self.order, self.turn, self.in_order) = (None, None, None);
            }
            let last = match answer {
                Answer::Confirmed => return Ok(self.confirmed(&session)),
                Answer::Returned(message) => {
                    return Err(self.failed(PublishError::Returned(message)));
                }
                Answer::Nacked => {
                    let message_id = self.message.id.to_string();
                    return Err(self.failed(PublishError::Nacked { message_id }));
                }
                Answer::ChannelClosed(error) => return Err(self.failed(error.into())),
                Answer::NotSent => None,
                Answer::Unknown(error) => {
                    self.unknown += 1;
                    error
                }
            };
            drop(quarantine);
            let again_at = clock::now() + pause;
            if again_at >= self.deadline || self.suspicions >= MAX_SUSPICIONS {
                return Err(self.gave_up(last));
            }
            self.span.waits(pause);
            sleep_until(again_at).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether the message may be handed over now, as far as the order goes: on the shared channel it comes
    /// behind those before it, on one of its own only once they have been answered.
    fn comes_at_once(&mut self, is_shared: bool) -> bool {
        if let (Some(order), None) = (self.order, &self.in_order) {
            self.in_order = order.answers.try_acquire_many(share(is_shared)).ok();
            return self.in_order.is_some();
        }
        true
    }

    async fn wait_for_those_before(&mut self, is_shared: bool) -> Result<(), PublishError> {
        if let Some(order) = self.order {
            let answered = self.in_line(order.answers.acquire_many(share(is_shared)));
            let answered = answered.await?;
            self.in_order = Some(answered.map_err(|_closed| AmqpError::Closed)?);
        }
        Ok(())
    }

    /// Waits behind others, before the message is sent for the first time.
    async fn in_line<T>(&self, waiting: impl Future<Output = T>) -> Result<T, PublishError> {
        let waiting = timeout_at(self.deadline, waiting);
        let in_time = if self.is_in_a_hurry() {
            tokio::select! {
                biased;
                in_time = waiting => in_time,
                error = self.hub.unusable() => return Err(error.into()),
            }
        } else {
            waiting.await
        };
        in_time.map_err(|_| self.too_late())
    }

    /// Whether it does not wait for a connection that is down or blocked.
    fn is_in_a_hurry(&self) -> bool {
        self.core.backpressure == Backpressure::FailFast && self.sent == 0
    }

    /// The broker has closed a connection over a bad frame with this message in flight. Such messages are
    /// sent one by one, so that the culprit does not take the others with it again.
    async fn quarantine(&self) -> Result<Option<SemaphorePermit<'a>>, PublishError> {
        if self.suspicions == 0 {
            return Ok(None);
        }
        match timeout_at(self.deadline, self.core.suspects.acquire()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            Ok(Err(_)) | Err(_) => Err(self.gave_up(None)),
        }
    }

    /// A place on a channel of a connection that, at this moment, is up and not blocked; and whether it is
    /// shared.
    async fn lane(&self) -> Result<(InFlight, bool), PublishError> {
        if self.is_in_a_hurry() {
            let now = clock::now();
            self.hub.session(now, Patience::InFlight).await?;
        }
        let lanes = &self.core.lanes;
        loop {
            let found = lanes.lane(self.message, self.hub, self.deadline, Patience::InFlight);
            let found = if self.is_in_a_hurry() {
                tokio::select! {
                    biased;
                    found = found => found,
                    error = self.hub.unusable() => Err(error),
                }
            } else {
                found.await
            };
            match found {
                // The broker is slow, and the message has time.
                Err(AmqpError::ChannelTimeout { .. }) if clock::now() < self.deadline => {}
                Err(AmqpError::ChannelTimeout { .. } | AmqpError::CheckoutTimeout { .. }) => {
                    return Err(self.too_late());
                }
                found => return Ok(found?),
            }
        }
    }

    fn too_large(&self, session: &Session) -> Option<PublishError> {
        let limit = usize::try_from(session.frame_max()).unwrap_or(usize::MAX);
        let size = wire::header_frame_len(&self.message.properties);
        (limit > 0 && size > limit).then(|| {
            let size = format_args!("{size} bytes");
            let rule = "must fit into one frame, headers included";
            PublishError::Invalid(FieldError::new("properties", &size, rule))
        })
    }

    fn confirmed(&self, session: &Session) -> Published {
        Published {
            message_id: self.message.id.to_string(),
            attempts: self.sent,
            possibly_duplicated: self.unknown > 0,
            epoch: session.epoch(),
        }
    }

    /// The message failed for good. What failed was the last attempt: an earlier one of unknown
    /// outcome may have been delivered.
    fn failed(&self, error: PublishError) -> PublishError {
        if self.unknown == 0 {
            return error;
        }
        self.ambiguous(Some(error))
    }

    fn gave_up(&self, last: Option<AmqpError>) -> PublishError {
        if self.unknown > 0 {
            return self.ambiguous(last.map(PublishError::from));
        }
        self.too_late()
    }

    /// Its time was over before it was sent.
    fn too_late(&self) -> PublishError {
        if self.hub.is_usable() {
            PublishError::Deadline {
                waited: self.began.elapsed(),
            }
        } else {
            self.hub.gave_up_waiting().into()
        }
    }

    fn ambiguous(&self, source: Option<PublishError>) -> PublishError {
        PublishError::Ambiguous {
            message_id: self.message.id.to_string(),
            attempts: self.sent,
            source: source.map(Box::new),
        }
    }
}

/// A message's share of the answers that are to come.
fn share(is_shared: bool) -> u32 {
    if is_shared { 1 } else { order::ALL }
}

/// The pauses before a message is sent again, so that a connection that fails at once is not
/// hammered.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A message that was in flight twice when the broker closed the connection over a bad frame is
/// taken for the cause, and not sent again.
const MAX_SUSPICIONS: u32 = 2;
