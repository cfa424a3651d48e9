//! Publishing one message: send it, make sense of the answer, send it again if there was none.

use std::sync::Arc;
use std::time::Duration;

use lapin::options::BasicPublishOptions;
use lapin::{Confirmation, message::BasicReturnMessage};
use tokio::time::{Instant, sleep_until, timeout};

use crate::classify;
use crate::clock;
use crate::config_error::FieldError;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::lease::Lease;
use crate::link::Link;
use crate::message::Outgoing;
use crate::opened::Opened;
use crate::publish_error::{PublishError, ReturnedMessage};
use crate::published::Published;
use crate::publisher::PublisherCore;
use crate::session::Session;
use crate::wire;

/// One publish on its way.
pub(crate) struct Publishing<'a> {
    hub: &'a Hub,
    core: &'a PublisherCore,
    message: &'a Outgoing,
    deadline: Instant,
    /// How often the message was handed to a connection.
    sent: u32,
    /// How many of those times the outcome stayed unknown.
    unknown: u32,
    /// Connections that the broker closed over a bad frame, with this message in flight.
    suspicions: u32,
}

/// What came of sending the message once.
enum Answer {
    Confirmed,
    Returned(Box<ReturnedMessage>),
    Nacked,
    /// The broker closed the channel, which carried nothing but this message.
    ChannelClosed(AmqpError),
    /// lapin knew that the channel was dead and sent nothing.
    NotSent,
    /// It was sent, and there is no telling whether it arrived.
    Unknown(Option<AmqpError>),
}

impl<'a> Publishing<'a> {
    pub(crate) fn new(
        hub: &'a Hub,
        core: &'a PublisherCore,
        message: &'a Outgoing,
        deadline: Instant,
    ) -> Self {
        Self {
            hub,
            core,
            message,
            deadline,
            sent: 0,
            unknown: 0,
            suspicions: 0,
        }
    }

    pub(crate) async fn run(mut self) -> Result<Published, PublishError> {
        let _place = self.core.pool.place_by(self.deadline).await?;
        let mut pause = FIRST_PAUSE;
        loop {
            let (session, channel) = match self.channel().await {
                Ok(found) => found,
                Err(error) => return Err(self.failed(error.into())),
            };
            let lease = Lease::new(&self.core.pool, channel);
            if let Some(error) = self.too_large(&session) {
                lease.give_back();
                return Err(self.failed(error));
            }
            let last = match self.send(&session, &lease).await {
                Answer::Confirmed => {
                    lease.give_back();
                    return Ok(self.confirmed(&session));
                }
                Answer::Returned(message) => {
                    lease.give_back();
                    return Err(self.failed(PublishError::Returned(message)));
                }
                Answer::Nacked => {
                    lease.give_back();
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
            drop(lease);
            let again_at = clock::now() + pause;
            if again_at >= self.deadline || self.suspicions >= MAX_SUSPICIONS {
                return Err(self.gave_up(last));
            }
            sleep_until(again_at).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// An open channel of a connection that, at this moment, is up and not blocked.
    async fn channel(&self) -> Result<(Arc<Session>, Opened), AmqpError> {
        let patience = if self.sent == 0 {
            Patience::UntilDeadline
        } else {
            Patience::InFlight
        };
        let pool = &self.core.pool;
        loop {
            match pool.channel(self.hub, self.deadline, patience).await {
                // An alarm came while the channel was being opened.
                Ok((session, channel)) if session.is_blocked() => {
                    pool.put_back(channel);
                }
                // The broker is slow, and the message has time.
                Err(AmqpError::ChannelTimeout { .. }) if clock::now() < self.deadline => {}
                found => return found,
            }
        }
    }

    /// Sends the message once. Nothing is awaited between looking whether the connection is
    /// blocked, which `channel` did last, and handing the message over.
    async fn send(&mut self, session: &Session, lease: &Lease<'_>) -> Answer {
        let message = self.message;
        let mut link = self.hub.watch_link();
        self.sent += 1;
        let exchange = async {
            let options = BasicPublishOptions {
                mandatory: message.mandatory,
                immediate: false,
            };
            let confirm = lease
                .basic_publish(
                    message.exchange.clone(),
                    message.routing_key.clone(),
                    options,
                    &message.body,
                    message.properties.clone(),
                )
                .await?;
            confirm.await
        };
        tokio::pin!(exchange);
        let mut answer_by = self.deadline.min(clock::after(self.core.confirm_timeout));
        let epoch = session.epoch();
        let lost = async {
            let of_another = |link: &Link<Session>| match link.session() {
                Some(session) => session.epoch() != epoch,
                None => true,
            };
            drop(link.wait_for(of_another).await);
        };
        tokio::pin!(lost);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut exchange => break result,
                () = &mut lost => {
                    // lapin settles what was in flight within moments of the loss.
                    match timeout(SETTLE, &mut exchange).await {
                        Ok(result) => break result,
                        Err(_) => return self.unanswered(),
                    }
                }
                () = sleep_until(answer_by) => {
                    if clock::now() >= self.deadline || !session.is_blocked() {
                        return self.unanswered();
                    }
                    // The broker is not reading: another copy would only join the first.
                    answer_by = self.deadline.min(clock::after(self.core.confirm_timeout));
                }
            }
        };
        let answer = self.understand(result);
        match answer {
            Answer::NotSent => self.sent -= 1,
            _ => self.note_if_repeated(),
        }
        answer
    }

    fn unanswered(&self) -> Answer {
        self.note_if_repeated();
        Answer::Unknown(None)
    }

    fn note_if_repeated(&self) {
        if self.unknown > 0 {
            self.hub.publishes.republished();
        }
    }

    fn understand(&mut self, result: lapin::Result<Confirmation>) -> Answer {
        match result {
            Ok(Confirmation::Ack(None)) => Answer::Confirmed,
            Ok(Confirmation::Nack(_)) => Answer::Nacked,
            Ok(Confirmation::Ack(Some(returned))) => self.returned(returned),
            Ok(Confirmation::NotRequested) => Answer::Unknown(None),
            Err(error) if classify::never_sent(&error) => Answer::NotSent,
            Err(error) => {
                self.suspicions += u32::from(classify::blames_a_frame(&error));
                match classify::channel_closed(&error) {
                    Some(closed) => Answer::ChannelClosed(closed),
                    None => Answer::Unknown(Some(AmqpError::Lapin(error))),
                }
            }
        }
    }

    /// With one message in flight per channel a return can only be of this message. If it ever
    /// were of another, then nothing would be known of this one.
    fn returned(&self, returned: BasicReturnMessage) -> Answer {
        let properties = returned.delivery.properties;
        if properties.message_id().as_ref() != Some(&self.message.id) {
            return Answer::Unknown(None);
        }
        Answer::Returned(Box::new(ReturnedMessage {
            message_id: self.message.id.to_string(),
            reply_code: returned.reply_code,
            reply_text: returned.reply_text.to_string(),
            exchange: returned.delivery.exchange.to_string(),
            routing_key: returned.delivery.routing_key.to_string(),
            body: returned.delivery.data,
            properties,
        }))
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
        if self.unknown == 0 {
            return self.hub.gave_up_waiting().into();
        }
        self.ambiguous(last.map(PublishError::from))
    }

    fn ambiguous(&self, source: Option<PublishError>) -> PublishError {
        PublishError::Ambiguous {
            message_id: self.message.id.to_string(),
            attempts: self.sent,
            source: source.map(Box::new),
        }
    }
}

/// How long lapin may take to settle what was in flight on a lost connection; it takes some 25 ms.
const SETTLE: Duration = Duration::from_millis(250);

/// The pauses before a message is sent again, so that a connection that fails at once is not
/// hammered.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A message that was in flight twice when the broker closed the connection over a bad frame is
/// taken for the cause, and not sent again.
const MAX_SUSPICIONS: u32 = 2;
