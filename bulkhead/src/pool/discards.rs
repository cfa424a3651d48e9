/// Resources gone from a [`Pool`](crate::Pool), by what became of them. The counts only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Discards {
    /// By [`Checkout::discard`](crate::Checkout::discard).
    pub asked: u64,
    /// By [`Checkout::into_inner`](crate::Checkout::into_inner): alive, but not in the pool.
    pub taken: u64,
    /// Their user panicked, and
    /// [`keep_after_panic`](crate::PoolBuilder::keep_after_panic) did not speak for them.
    pub panicked: u64,
    /// Their operation in [`with_resource`](crate::Pool::with_resource) was dropped half-way.
    pub abandoned: u64,
    /// `is_valid` or `validate` said no.
    pub not_valid: u64,
    /// `validate` took longer than its timeout.
    pub validate_timeouts: u64,
    /// `recycle` said no.
    pub not_recycled: u64,
    /// `recycle` took longer than its timeout.
    pub recycle_timeouts: u64,
    /// The caller was dropped, or the hook panicked, while a hook looked at them.
    pub hook_abandoned: u64,
    /// Past `max_age`.
    pub too_old: u64,
    /// Past `max_idle`.
    pub idle_too_long: u64,
    /// More than there are places, found by [`maintain`](crate::Pool::maintain) after the
    /// bulkhead was made smaller.
    pub surplus: u64,
    /// By [`clear_idle`](crate::Pool::clear_idle).
    pub cleared: u64,
    /// Idle when the pool was closed, or back after that.
    pub closed: u64,
}

impl Discards {
    /// All of them together.
    #[must_use]
    pub fn total(&self) -> u64 {
        // Taken apart, so that the compiler asks for a field that is added.
        let Self {
            asked,
            taken,
            panicked,
            abandoned,
            not_valid,
            validate_timeouts,
            not_recycled,
            recycle_timeouts,
            hook_abandoned,
            too_old,
            idle_too_long,
            surplus,
            cleared,
            closed,
        } = *self;
        let by_users = asked + taken + panicked + abandoned;
        let by_hooks =
            not_valid + validate_timeouts + not_recycled + recycle_timeouts + hook_abandoned;
        by_users + by_hooks + too_old + idle_too_long + surplus + cleared + closed
    }

    pub(crate) fn add(&mut self, cause: Cause, resources: usize) {
        let count = match cause {
            Cause::Asked => &mut self.asked,
            Cause::Taken => &mut self.taken,
            Cause::Panicked => &mut self.panicked,
            Cause::Abandoned => &mut self.abandoned,
            Cause::NotValid => &mut self.not_valid,
            Cause::ValidateTimeout => &mut self.validate_timeouts,
            Cause::NotRecycled => &mut self.not_recycled,
            Cause::RecycleTimeout => &mut self.recycle_timeouts,
            Cause::HookAbandoned => &mut self.hook_abandoned,
            Cause::TooOld => &mut self.too_old,
            Cause::IdleTooLong => &mut self.idle_too_long,
            Cause::Surplus => &mut self.surplus,
            Cause::Cleared => &mut self.cleared,
            Cause::Closed => &mut self.closed,
        };
        *count += resources as u64;
    }
}

/// Why a resource goes; one field of [`Discards`] each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Asked,
    Taken,
    Panicked,
    Abandoned,
    NotValid,
    ValidateTimeout,
    NotRecycled,
    RecycleTimeout,
    HookAbandoned,
    TooOld,
    IdleTooLong,
    Surplus,
    Cleared,
    Closed,
}
