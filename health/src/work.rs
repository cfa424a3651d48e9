//! What a check does: it awaits, or it blocks a thread.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::blocking::Blocking;
use crate::outcome::Outcome;

pub(crate) type Looking = Pin<Box<dyn Future<Output = Outcome> + Send>>;

pub(crate) enum Work {
    Async(Box<dyn Fn() -> Looking + Send + Sync>),
    Blocking(Blocking),
}

impl Work {
    /// Begins one run. Runs the user's code, which may panic, here and in the future.
    pub(crate) fn begin(&self) -> Looking {
        match self {
            Self::Async(look) => look(),
            Self::Blocking(blocking) => Box::pin(blocking.begin()),
        }
    }

    /// Why there was no answer to a run that began then and had so long.
    pub(crate) fn too_late(&self, limit: Duration, began: Instant) -> String {
        match self {
            Self::Async(_) => format!("check timed out after {limit:?}"),
            Self::Blocking(blocking) => blocking.too_late(limit, began),
        }
    }
}
