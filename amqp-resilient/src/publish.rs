//! Publishing one message: send it, make sense of the answer, send it again if there was none.

mod answer;

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use lapin::Confirmation;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, sleep_until, timeout_at};

use self::answer::Answer;
use crate::buffer::Backpressure;
use crate::clock;
use crate::config_error::FieldError;
use crate::error::AmqpError;
use crate::hub::{Hub, Patience};
use crate::lane::InFlight;
use crate::link::Link;
use crate::message::Outgoing;
use crate::pool::turned_away;
use crate::publish_error::PublishError;
use crate::published::Published;
use crate::publisher::{IN_ORDER, PublisherCore};
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
            turn: None,
            in_order: None,
            sent: 0,
            unknown: 0,
            suspicions: 0,
        }
    }

    /// As [`run`](Self::run), after the messages that came before, and before those that come after.
    pub(crate) async fn run_in_turn(mut self) -> Result<Published, PublishError> {
        let turn = self.in_line(self.core.turns.acquire()).await?;
        self.turn = Some(turn.map_err(|_closed| AmqpError::Closed)?);
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
            if self.turn.is_some() && self.in_order.is_none() {
                let in_order = &self.core.in_order;
                let share = if is_shared { 1 } else { IN_ORDER };
                self.in_order = in_order.try_acquire_many(share).ok();
                if self.in_order.is_none() {
                    in_flight.answered();
                    let share = self.in_line(in_order.acquire_many(share)).await?;
                    self.in_order = Some(share.map_err(|_closed| AmqpError::Closed)?);
                    continue;
                }
            }
            if clock::now() >= self.deadline {
                in_flight.answered();
                return Err(self.gave_up(None));
            }
            let answer = self.send(&session, in_flight, is_shared).await;
            if !matches!(answer, Answer::NotSent) {
                self.turn = None;
                self.in_order = None;
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
                Err(AmqpError::CheckoutTimeout { .. }) => return Err(self.too_late()),
                found => return Ok(found?),
            }
        }
    }

    /// Sends the message once.
    async fn send(&mut self, session: &Session, in_flight: InFlight, is_shared: bool) -> Answer {
        self.sent += 1;
        let Some(result) = self.exchange(session, &in_flight, is_shared).await else {
            in_flight.lane().retire();
            self.note_if_repeated();
            let answer = Answer::Unknown(None);
            self.span.answered(answer.error_type());
            return answer;
        };
        let answer = self.understand(result, &in_flight);
        self.span.answered(answer.error_type());
        let lanes = &self.core.lanes;
        match &answer {
            Answer::NotSent => self.sent -= 1,
            Answer::Confirmed | Answer::Returned(_) | Answer::Nacked if !is_shared => {
                lanes.trust(&self.message.exchange);
            }
            Answer::Unknown(_) | Answer::ChannelClosed(_) if is_shared && session.is_up() => {
                lanes.distrust(&self.message.exchange);
            }
            _ => {}
        }
        if !matches!(answer, Answer::NotSent) {
            self.note_if_repeated();
        }
        in_flight.answered();
        answer
    }

    /// Hands the message over and waits for the answer; `None` if there is none to be expected any more.
    ///
    /// Nothing is awaited between looking whether the connection is blocked, which `lane` did last, and
    /// handing the message over.
    async fn exchange(
        &mut self,
        session: &Session,
        in_flight: &InFlight,
        is_shared: bool,
    ) -> Option<lapin::Result<Confirmation>> {
        let message = self.message;
        let mut link = self.hub.watch_link();
        let turn = &mut self.turn;
        let span = &mut *self.span;
        let exchange = async {
            // Where each has a channel to itself, nothing but the answer keeps messages in order.
            let handed_over = || drop(turn.take_if(|_| is_shared));
            in_flight.hand_over(message, span, handed_over).await?.await
        };
        tokio::pin!(exchange);
        // By hand, as `select!` lets others run first if the task has done much: an alarm may come meanwhile.
        let first = poll_fn(|cx| Poll::Ready(exchange.as_mut().poll(cx)));
        if let Poll::Ready(result) = first.await {
            return Some(result);
        }
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
        loop {
            tokio::select! {
                biased;
                result = &mut exchange => return Some(result),
                // lapin settles what was in flight within moments of the loss.
                () = &mut lost => {
                    let settled = self.deadline.min(clock::after(SETTLE));
                    return timeout_at(settled, &mut exchange).await.ok();
                }
                () = sleep_until(answer_by) => {
                    if clock::now() >= self.deadline || !session.is_blocked() {
                        return None;
                    }
                    // The broker is not reading: another copy would only join the first.
                    answer_by = self.deadline.min(clock::after(self.core.confirm_timeout));
                }
            }
        }
    }

    fn note_if_repeated(&self) {
        if self.unknown > 0 {
            self.hub.publishes.republished();
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
        match self
            .hub
            .read(|link| link.session().is_some_and(|session| session.is_usable()))
        {
            true => PublishError::Deadline {
                waited: self.began.elapsed(),
            },
            false => self.hub.gave_up_waiting().into(),
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

/// How long lapin may take to settle what was in flight on a lost connection; it takes some 25 ms.
const SETTLE: Duration = Duration::from_millis(250);

/// The pauses before a message is sent again, so that a connection that fails at once is not
/// hammered.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A message that was in flight twice when the broker closed the connection over a bad frame is
/// taken for the cause, and not sent again.
const MAX_SUSPICIONS: u32 = 2;
