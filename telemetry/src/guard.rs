//! The wall around code that is not ours.

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `f`; `None` if it panicked. Nothing that is passed through here can unwind into the thread
/// that runs it: neither the panic nor a second one from the destructor of the first one's payload.
pub(crate) fn guarded<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Some(value),
        Err(payload) => {
            if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                let _leaked = ManuallyDrop::new(second);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::guarded;

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic_any(Self);
        }
    }

    #[test]
    fn gives_back_what_the_code_returned() {
        assert_eq!(guarded(|| 7), Some(7));
    }

    #[test]
    fn survives_a_payload_that_panics_when_it_is_dropped() {
        assert_eq!(guarded(|| panic_any(PanicsWhenDropped)), None::<()>);
    }
}
