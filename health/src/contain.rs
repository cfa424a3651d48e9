//! The one place where panics of user code are caught.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A panic that was caught, and what it said if that was readable.
#[derive(Debug)]
pub(crate) struct Panicked {
    message: Option<String>,
}

/// Runs user code and catches its panic.
pub(crate) fn contain<R>(run: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(run)).map_err(Panicked::new)
}

impl Panicked {
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = payload
            .downcast_ref::<&'static str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned());
        discard(payload);
        Self { message }
    }
}

/// Drops what a panic carried, which can be any value, with a destructor that panics in its turn; what
/// that carries is leaked.
#[expect(
    clippy::mem_forget,
    reason = "dropping it could panic once more, without end"
)]
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "check panicked: {message}"),
            None => f.write_str("check panicked"),
        }
    }
}
