//! What a service with a retry returns instead of a response.

use std::error::Error as StdError;
use std::fmt;

use crate::exhausted::Exhausted;

/// What a [`RetryService`](crate::tower::RetryService) returns instead of a response.
///
/// A service has one type of error for two things that are not the same: a call that was given up, and
/// a service that could not be called in the first place. The second is no [`Exhausted`]: no call was
/// made, so there were no attempts, no reason to give up and nothing that the retry has counted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error<E> {
    /// A call was given up. From a response.
    Exhausted(Box<Exhausted<E>>),
    /// The inner service failed to become ready for a call, so that none was made. From `poll_ready`;
    /// a service that fails to become ready for a *further* attempt makes that attempt fail.
    NotReady(E),
}

impl<E> Error<E> {
    /// The call that was given up, if there was one.
    #[must_use]
    pub fn exhausted(&self) -> Option<&Exhausted<E>> {
        match self {
            Self::Exhausted(exhausted) => Some(exhausted),
            Self::NotReady(_) => None,
        }
    }

    /// The call that was given up, by value, if there was one.
    #[must_use]
    pub fn into_exhausted(self) -> Option<Box<Exhausted<E>>> {
        match self {
            Self::Exhausted(exhausted) => Some(exhausted),
            Self::NotReady(_) => None,
        }
    }

    /// The inner service's own error: of the last attempt or of its readiness. `None` if the last
    /// attempt was cut off or not begun.
    #[must_use]
    pub fn operation(&self) -> Option<&E> {
        match self {
            Self::Exhausted(exhausted) => exhausted.last.operation(),
            Self::NotReady(error) => Some(error),
        }
    }

    /// The inner service's own error by value, as [`operation`](Self::operation).
    #[must_use]
    pub fn into_operation(self) -> Option<E> {
        match self {
            Self::Exhausted(exhausted) => exhausted.into_last(),
            Self::NotReady(error) => Some(error),
        }
    }
}

impl<E> From<Box<Exhausted<E>>> for Error<E> {
    fn from(exhausted: Box<Exhausted<E>>) -> Self {
        Self::Exhausted(exhausted)
    }
}

impl<E> fmt::Display for Error<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted(exhausted) => exhausted.fmt(f),
            Self::NotReady(_) => f.write_str("the service failed to become ready for a call"),
        }
    }
}

impl<E: StdError + 'static> StdError for Error<E> {
    /// The inner service's own error, or how the last attempt ended without one.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            // It is displayed as the call given up itself, so what comes next is its own source.
            Self::Exhausted(exhausted) => exhausted.source(),
            Self::NotReady(error) => Some(error),
        }
    }
}
