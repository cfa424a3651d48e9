//! Publishing: the handle.

mod builder;
mod core;
mod counting;
mod handle;

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use steadfast_bulkhead::Bulkhead;
use tokio::task::coop::{consume_budget, unconstrained};
use tokio::time::Instant;

pub use self::builder::PublisherBuilder;
pub(crate) use self::core::PublisherCore;
use self::counting::Counting;
pub use self::handle::PublishHandle;
use crate::buffer::Room;
use crate::clock;
use crate::connection::ResilientConnection;
use crate::flush::FlushReport;
use crate::message::{Message, Outgoing};
use crate::publish::Publishing;
use crate::publish_error::PublishError;
use crate::published::Published;
use crate::spans::PublishSpan;

/// Publishes messages, each until the broker has confirmed it or a typed error says what became of
/// it. A cheap handle: clones share channels, buffer and limits, and tasks may use them all at once.
///
/// Messages share a channel in confirm mode, with up to `max_in_flight` of them in flight, and each gets its
/// own answer. lapin 4.12 alone was seen to give one message the confirm, or the return, of another; here
/// messages are handed to it one by one, and returns are read off the connection by message id.
///
/// # Order
/// What one task publishes one after the other, or gives to [`send`](Self::send) for one exchange, arrives in
/// that order, as long as no message has to be sent again, and none is given up by dropping its future. Two
/// exchanges have no order between them, so that none waits for the other; and a `publish` may overtake what
/// was given to `send` and still waits to be sent: [`flush`](Self::flush) before what must come last.
///
/// Messages share a channel, which the broker closes over a message that it cannot accept. So a message to an
/// exchange that is new to the publisher has a channel to itself, and so has one with the id of another one in
/// flight. Given to `send`, it waits for the answers to those before it to the same exchange, and those after
/// it for its own.
///
/// # Examples
/// ```no_run
/// # async fn example(connection: steadfast_amqp::ResilientConnection) {
/// use steadfast_amqp::{Message, PublishError};
///
/// let publisher = connection.publisher();
/// match publisher.publish(Message::new("orders", "order.created", "17")).await {
///     Ok(published) => println!("safe, sent {} times", published.attempts),
///     Err(PublishError::Returned(message)) => println!("no queue for {}", message.routing_key),
///     Err(error) if error.may_be_delivered() => println!("perhaps: {error}"),
///     Err(error) => println!("not sent: {error}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Publisher {
    core: Arc<PublisherCore>,
    connection: ResilientConnection,
}

impl Publisher {
    pub(crate) fn new(core: Arc<PublisherCore>, connection: ResilientConnection) -> Self {
        Self { core, connection }
    }

    /// Publishes a message and waits for the broker to confirm it.
    ///
    /// While the connection is down this waits for it, and while it is blocked for the end of the
    /// alarm, unless the publisher is to [fail fast](crate::Backpressure::FailFast). Nothing is begun on a
    /// blocked connection, since it could not be taken back. When the
    /// outcome of sending the message is lost with its connection, or does not come within the
    /// confirm timeout, it is sent again, under the same message id. All of this goes on until the
    /// deadline: that of the message, or of the publisher.
    ///
    /// # Errors
    /// [`PublishError`] tells what became of the message. [`Refused`](crate::AmqpError::Refused) comes at
    /// once when the broker refuses the connection.
    ///
    /// # Cancel safety
    /// Dropping the future gives its place back. Once the message was handed to the connection it
    /// may be delivered all the same.
    pub async fn publish(&self, message: Message) -> Result<Published, PublishError> {
        let (message, mut counting) = self.begin(message);
        let result = self.publish_now(message, &mut counting.span).await;
        counting.ended(result.as_ref().err());
        result
    }

    async fn publish_now(
        &self,
        message: Message,
        span: &mut PublishSpan,
    ) -> Result<Published, PublishError> {
        let (message, deadline, mut room) = self.take_on(message).await?;
        let hub = self.connection.hub();
        let publishing = Publishing::new(hub, &self.core, &message, deadline, span);
        let result = publishing.run().await;
        room.ended(&result);
        result
    }

    /// Gives a message to the publisher, and returns as soon as there is room for it in the buffer. The
    /// publisher sees to it from then on, exactly as [`publish`](Self::publish) would; the handle tells the
    /// outcome, and may be dropped. A message that was taken on keeps the connection open until it has come to an
    /// end, or [`close`](ResilientConnection::close) has.
    ///
    /// # Errors
    /// [`BufferFull`](PublishError::BufferFull), [`TooLarge`](PublishError::TooLarge),
    /// [`Invalid`](PublishError::Invalid), and [`Closed`](crate::AmqpError::Closed): the message was not
    /// taken on. Anything else comes out of the handle.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Cancel safety
    /// Dropping the future while it waits for room takes the message back: it is not sent.
    ///
    /// # Examples
    /// ```no_run
    /// # async fn example(
    /// #     publisher: steadfast_amqp::Publisher,
    /// # ) -> Result<(), steadfast_amqp::PublishError> {
    /// use std::time::Duration;
    /// use steadfast_amqp::Message;
    ///
    /// for order in 0..1_000 {
    ///     publisher.send(Message::new("orders", "order.created", order.to_string())).await?;
    /// }
    /// let report = publisher.flush(Duration::from_secs(30)).await;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, message: Message) -> Result<PublishHandle, PublishError> {
        // It may never have to wait: a loop of sends is to let others run, its confirms among them.
        consume_budget().await;
        let (message, mut counting) = self.begin(message);
        let (message, deadline, mut room) = match self.take_on(message).await {
            Ok(taken_on) => taken_on,
            Err(error) => {
                counting.ended(Some(&error));
                return Err(error);
            }
        };
        let id = message.id.to_string();
        let publisher = self.clone();
        let mut sending = Box::pin(async move {
            let hub = publisher.connection.hub();
            let order = publisher.core.orders.of(&message.exchange);
            let span = &mut counting.span;
            let publishing = Publishing::new(hub, &publisher.core, &message, deadline, span);
            let result = publishing.run_in_order(&order).await;
            room.ended(&result);
            counting.ended(result.as_ref().err());
            result
        });
        // Its place in the order is that of this call: everything up to the first wait is done in it, so
        // nothing must seem to have to wait only because the task has done so much.
        let mut first = unconstrained(sending.as_mut());
        match poll_fn(|cx| Poll::Ready(Pin::new(&mut first).poll(cx))).await {
            Poll::Ready(result) => Ok(PublishHandle::ended(id, result)),
            Poll::Pending => Ok(PublishHandle::under_way(id, tokio::spawn(sending))),
        }
    }

    /// Waits until every message that was taken on before has come to an end, by `send` or by `publish`, or
    /// until the time is over. Messages that come meanwhile are not waited for.
    ///
    /// The clones of a publisher have their flushes in common: what failed is told by the next one that ends,
    /// whoever asked for it, and by those that waited at the same time. Where several tasks flush, each had
    /// better look at its handles, or have a publisher of its own.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing; the next flush counts from the last one that ended.
    pub async fn flush(&self, timeout: Duration) -> FlushReport {
        self.core.buffer.flush(clock::after(timeout)).await
    }

    /// Gives the message an id, if it has none, and begins to watch what becomes of it.
    fn begin(&self, mut message: Message) -> (Message, Counting) {
        message.identify(|| self.core.ids.next());
        let counting = Counting::begin(self.connection.hub(), &mut message);
        (message, counting)
    }

    /// The message as it will be sent, until when, and its room in the buffer.
    async fn take_on(&self, message: Message) -> Result<(Outgoing, Instant, Room), PublishError> {
        let core = &self.core;
        let deadline = message.own_deadline().unwrap_or(core.deadline);
        let deadline = clock::after(deadline);
        let message = message.prepare().map_err(PublishError::Invalid)?;
        let room = core
            .buffer
            .room(message.size(), core.backpressure, deadline);
        let room = room.await.map_err(|error| {
            let hub = self.connection.hub();
            match error {
                // What it waited for is known better than that.
                PublishError::BufferFull { waited, .. }
                    if !waited.is_zero() && !hub.is_usable() =>
                {
                    hub.gave_up_waiting().into()
                }
                error => error,
            }
        })?;
        Ok((message, deadline, room))
    }

    /// The bulkhead in front of the publisher's channel, to be watched: its places are the messages in
    /// flight, and those in line wait to be sent.
    #[must_use]
    pub fn bulkhead(&self) -> &Bulkhead {
        self.core.bulkhead()
    }

    /// The connection it publishes on.
    #[must_use]
    pub fn connection(&self) -> &ResilientConnection {
        &self.connection
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("name", &self.bulkhead().name())
            .field("deadline", &self.core.deadline)
            .field("confirm_timeout", &self.core.confirm_timeout)
            .field("backpressure", &self.core.backpressure)
            .finish_non_exhaustive()
    }
}
