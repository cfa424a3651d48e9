//! The outcome of a message that was sent and not waited for.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

use crate::publish_error::PublishError;
use crate::published::Published;

/// The outcome of a message that was given to [`Publisher::send`](crate::Publisher::send): a future, which is
/// ready when the message has come to an end. Dropping it leaves the message on its way.
///
/// # Cancel safety
/// It can be polled from anywhere, and be kept for later.
///
/// # Panics
/// When it is polled again after it was ready.
#[must_use = "the handle tells what became of the message; drop it if that does not matter"]
pub struct PublishHandle {
    message_id: String,
    state: State,
}

enum State {
    Ended(Option<Box<Result<Published, PublishError>>>),
    UnderWay(JoinHandle<Result<Published, PublishError>>),
}

impl PublishHandle {
    pub(super) fn ended(message_id: String, result: Result<Published, PublishError>) -> Self {
        Self {
            message_id,
            state: State::Ended(Some(Box::new(result))),
        }
    }

    pub(super) fn under_way(
        message_id: String,
        task: JoinHandle<Result<Published, PublishError>>,
    ) -> Self {
        Self {
            message_id,
            state: State::UnderWay(task),
        }
    }

    /// The id under which the message is sent.
    #[must_use]
    pub fn message_id(&self) -> &str {
        &self.message_id
    }

    /// Whether the message has come to an end.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        match &self.state {
            State::Ended(_) => true,
            State::UnderWay(task) => task.is_finished(),
        }
    }
}

impl Future for PublishHandle {
    /// What [`publish`](crate::Publisher::publish) would have returned.
    /// [`Ambiguous`](PublishError::Ambiguous), with no attempts counted, if the runtime was shut down before
    /// there was an outcome.
    type Output = Result<Published, PublishError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        match &mut this.state {
            State::Ended(result) => {
                let result = result.take().expect("polled after it was ready");
                Poll::Ready(*result)
            }
            State::UnderWay(task) => {
                let ended = std::task::ready!(Pin::new(task).poll(cx));
                this.state = State::Ended(None);
                Poll::Ready(ended.unwrap_or_else(|_| {
                    Err(PublishError::Ambiguous {
                        message_id: this.message_id.clone(),
                        attempts: 0,
                        source: None,
                    })
                }))
            }
        }
    }
}

impl fmt::Debug for PublishHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishHandle")
            .field("message_id", &self.message_id)
            .field("ended", &self.is_ended())
            .finish()
    }
}
