use std::{error, fmt, sync::Arc, time::Duration};

use crate::rejected::Rejected;

/// Why a [`Pool`](crate::Pool) lent nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError<E> {
    /// There was no place.
    Rejected(Rejected),
    /// The pool's `create` failed.
    Create(E),
    /// The pool's `create` took longer than its timeout and was dropped.
    #[non_exhaustive]
    CreateTimeout {
        /// The pool's name.
        name: Arc<str>,
        /// The timeout.
        after: Duration,
    },
    /// [`Pool::try_checkout`](crate::Pool::try_checkout) found no idle resource that was good.
    #[non_exhaustive]
    NoneIdle {
        /// The pool's name.
        name: Arc<str>,
    },
}

impl<E> PoolError<E> {
    /// The rejection, if there was no place.
    #[must_use]
    pub fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Create(_) | Self::CreateTimeout { .. } | Self::NoneIdle { .. } => None,
        }
    }

    /// The error of `create`, if it failed.
    #[must_use]
    pub fn create_error(&self) -> Option<&E> {
        match self {
            Self::Create(error) => Some(error),
            Self::Rejected(_) | Self::CreateTimeout { .. } | Self::NoneIdle { .. } => None,
        }
    }

    /// The error of `create` by value, if it failed.
    #[must_use]
    pub fn into_create_error(self) -> Option<E> {
        match self {
            Self::Create(error) => Some(error),
            Self::Rejected(_) | Self::CreateTimeout { .. } | Self::NoneIdle { .. } => None,
        }
    }
}

impl<E> From<Rejected> for PoolError<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

impl<E: fmt::Display> fmt::Display for PoolError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Create(error) => error.fmt(f),
            Self::CreateTimeout { name, after } => {
                write!(f, "pool {name} created no resource within {after:?}")
            }
            Self::NoneIdle { name } => write!(f, "pool {name} has no idle resource"),
        }
    }
}

impl<E: error::Error + 'static> error::Error for PoolError<E> {
    /// The rejection or the error of `create`, so that either can be found by downcasting.
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            Self::Create(error) => Some(error),
            Self::CreateTimeout { .. } | Self::NoneIdle { .. } => None,
        }
    }
}
