//! The user's code that sets up each new channel, and what becomes of any code of the user's that is run.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use lapin::Channel;
use tokio::time::{Instant, timeout_at};

use crate::classify;
use crate::clock;
use crate::error::AmqpError;
use crate::purpose::Purpose;

/// What goes wrong in code that is given to the builder: a [`lapin::Error`], or any other error.
pub type HookError = Box<dyn StdError + Send + Sync>;

/// What a hook given to [`Builder::on_channel`](crate::Builder::on_channel) returns: a boxed future that
/// may borrow the channel and the purpose.
pub type HookFuture<'a> = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'a>>;

type Hook = dyn for<'a> Fn(&'a Channel, &'a Purpose) -> HookFuture<'a> + Send + Sync;

/// Runs on every channel that a pool opens.
#[derive(Clone)]
pub(crate) struct ChannelHook(Arc<Hook>);

impl ChannelHook {
    pub(crate) fn new<F>(hook: F) -> Self
    where
        F: for<'a> Fn(&'a Channel, &'a Purpose) -> HookFuture<'a> + Send + Sync + 'static,
    {
        Self(Arc::new(hook))
    }

    /// Lets the hook set up the channel, until the deadline.
    pub(crate) async fn run(
        &self,
        channel: &Channel,
        purpose: &Purpose,
        deadline: Instant,
    ) -> Result<(), AmqpError> {
        let failure = match guarded(deadline, || (self.0)(channel, purpose)).await {
            Ok(()) if channel.status().connected() => return Ok(()),
            Ok(()) => HookFailure::ChannelClosed,
            Err(failure) => failure,
        };
        Err(AmqpError::ChannelHook {
            purpose: purpose.clone(),
            failure,
        })
    }
}

impl fmt::Debug for ChannelHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelHook")
    }
}

/// Runs the user's code until the deadline, and catches its panics. It is called in here, as it may panic
/// before there is a future.
pub(crate) async fn guarded<T, F>(
    deadline: Instant,
    code: impl FnOnce() -> F,
) -> Result<T, HookFailure>
where
    F: Future<Output = Result<T, HookError>>,
{
    let began = clock::now();
    let running = AssertUnwindSafe(async { code().await });
    match timeout_at(deadline, running.catch_unwind()).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(error))) => Err(HookFailure::Failed(error.into())),
        Ok(Err(payload)) => Err(HookFailure::Panicked(words_of(&*payload))),
        Err(_) => Err(HookFailure::TimedOut {
            waited: began.elapsed(),
        }),
    }
}

/// How code that was given to the builder failed: a hook for channels, a resolver, a credentials provider.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum HookFailure {
    /// A hook for channels ended well, with the channel closed: by itself, or by the broker over something
    /// it asked for.
    ChannelClosed,
    /// It returned this error.
    Failed(Arc<dyn StdError + Send + Sync>),
    /// It panicked, with these words if there were any.
    Panicked(String),
    /// It did not come to an end in time.
    TimedOut {
        /// How long it was given.
        waited: Duration,
    },
}

impl HookFailure {
    /// Whether a hook for channels may go well another time: not after a panic, nor when the broker
    /// objected.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Failed(error) => {
                let of_lapin = error.downcast_ref::<lapin::Error>();
                of_lapin.is_none_or(|error| classify::channel_closed(error).is_none())
            }
            Self::ChannelClosed | Self::Panicked(_) => false,
            Self::TimedOut { .. } => true,
        }
    }

    pub(crate) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::ChannelClosed | Self::Panicked(_) | Self::TimedOut { .. } => None,
        }
    }
}

impl fmt::Display for HookFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChannelClosed => f.write_str("left the channel closed"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(words) if words.is_empty() => f.write_str("panicked"),
            Self::Panicked(words) => write!(f, "panicked: {words}"),
            Self::TimedOut { waited } => write!(f, "did not end within {waited:.1?}"),
        }
    }
}

fn words_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let string = || payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(string).unwrap_or_default().to_owned()
}
