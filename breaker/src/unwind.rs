//! Code of others that must not unwind into ours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What it returns, unless it panics.
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).map_err(discard).ok()
}

/// Drops what a panic carried, which is code of others too and may panic in its turn; what that carries is
/// leaked.
#[expect(
    clippy::mem_forget,
    reason = "dropping it could panic once more, without end"
)]
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(again);
    }
}
