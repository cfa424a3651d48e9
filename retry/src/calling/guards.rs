//! What a panic leaves behind settles the call.

use super::CallingProjection;
use crate::counters::add_one;
use crate::shared::{Held, Shared};

/// Dropped with the call in it, that is unwinding.
pub(super) struct Unwinding<'u, 'c, R: Held, F, Fut, J, H, E>(
    pub(super) Option<&'u mut CallingProjection<'c, R, F, Fut, J, H, E>>,
);

impl<R: Held, F, Fut, J, H, E> Drop for Unwinding<'_, '_, R, F, Fut, J, H, E> {
    fn drop(&mut self) {
        if let Some(run) = self.0.as_mut().and_then(|this| this.run.as_mut()) {
            run.panicked();
        }
    }
}

/// Counts a panic of a call that has not come to a [`Run`](crate::run::Run).
pub(super) struct Unsettled<'s>(pub(super) Option<&'s Shared>);

impl Unsettled<'_> {
    #[inline]
    pub(super) fn survived(mut self) {
        self.0 = None;
    }
}

impl Drop for Unsettled<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(shared) = self.0 {
            add_one(&shared.counters.panicked);
        }
    }
}
