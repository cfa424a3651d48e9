//! What an attempt that did not succeed came to.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// What an attempt that did not succeed came to.
///
/// `L` is what the operation gave: its error `E`, or its whole `Result<T, E>` in a
/// [classified](crate::Retry::classify) call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Failure<L> {
    /// The operation has ended, with this.
    Operation(L),
    /// The attempt was cut off, by `attempt_timeout` or by the time limit of the call, when it had
    /// run for so long. What it had sent by then may have been done.
    TimedOut {
        /// From the beginning of the attempt until it was dropped; from the end of its first poll where
        /// [`attempt_timeout`](crate::Builder::attempt_timeout) counts from there.
        after: Duration,
    },
    /// The time limit of the call had passed when the attempt was to begin, or left no time for the
    /// wait before it, so it was not begun: a wait ended late, a hook took long, or the limit was over
    /// from the start.
    NotBegun,
}

impl<L> Failure<L> {
    /// What the operation gave, if it has ended.
    #[must_use]
    pub fn operation(&self) -> Option<&L> {
        match self {
            Self::Operation(last) => Some(last),
            Self::TimedOut { .. } | Self::NotBegun => None,
        }
    }

    /// What the operation gave, by value.
    #[must_use]
    pub fn into_operation(self) -> Option<L> {
        match self {
            Self::Operation(last) => Some(last),
            Self::TimedOut { .. } | Self::NotBegun => None,
        }
    }

    /// The same, with another form of what the operation gave.
    #[must_use]
    pub fn map<M>(self, form: impl FnOnce(L) -> M) -> Failure<M> {
        match self {
            Self::Operation(last) => Failure::Operation(form(last)),
            Self::TimedOut { after } => Failure::TimedOut { after },
            Self::NotBegun => Failure::NotBegun,
        }
    }
}

impl<T, E> Failure<Result<T, E>> {
    /// The `Ok` of the operation if there is one, and otherwise the failure with its error alone.
    ///
    /// # Errors
    ///
    /// The failure, unless the operation gave an `Ok`.
    pub fn transpose(self) -> Result<T, Failure<E>> {
        match self {
            Self::Operation(Ok(value)) => Ok(value),
            Self::Operation(Err(error)) => Err(Failure::Operation(error)),
            Self::TimedOut { after } => Err(Failure::TimedOut { after }),
            Self::NotBegun => Err(Failure::NotBegun),
        }
    }
}

impl<L: fmt::Display> fmt::Display for Failure<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operation(last) => last.fmt(f),
            Self::TimedOut { after } => write!(f, "attempt timed out after {after:?}"),
            Self::NotBegun => f.write_str("no time was left for an attempt"),
        }
    }
}

impl<L: Error + 'static> Error for Failure<L> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            // It is displayed as the failure itself, so what comes next is its own source.
            Self::Operation(last) => last.source(),
            Self::TimedOut { .. } | Self::NotBegun => None,
        }
    }
}
