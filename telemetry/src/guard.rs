//! The wall around code that is not ours.

use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Runs `f`; `None` if it panicked. Nothing that is passed through here can unwind into the thread
/// that runs it: neither the panic nor a second one from the destructor of the first one's payload.
pub(crate) fn guarded<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(value) => Some(value),
        Err(payload) => {
            discard(payload);
            None
        }
    }
}

/// The same, and says what it panicked with.
pub(crate) fn guarded_or_why<R>(f: impl FnOnce() -> R) -> Result<R, Arc<str>> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| {
        let said = payload.downcast_ref::<&str>().copied();
        let said = said.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let why = Arc::from(said.map_or("no message", first_line));
        discard(payload);
        why
    })
}

fn discard(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(second);
    }
}

/// What is kept of a message, however long it is.
const LONGEST: usize = 200;

fn first_line(message: &str) -> &str {
    let line = message.lines().next().unwrap_or_default();
    let mut ends = (0..=LONGEST.min(line.len())).rev();
    let end = ends.find(|end| line.is_char_boundary(*end));
    &line[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use std::panic::panic_any;

    use super::{first_line, guarded, guarded_or_why};

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

    #[test]
    fn says_what_the_code_panicked_with() {
        assert_eq!(guarded_or_why(|| 7), Ok(7));
        let why = |panic: fn()| guarded_or_why(panic).unwrap_err();
        assert_eq!(&*why(|| panic!("plain")), "plain");
        assert_eq!(&*why(|| panic!("with {}", 7)), "with 7");
        assert_eq!(&*why(|| panic_any(7)), "no message");
        assert_eq!(&*why(|| panic_any(PanicsWhenDropped)), "no message");
    }

    #[test]
    fn keeps_one_line_of_a_message_and_whole_characters() {
        assert_eq!(first_line("one\ntwo"), "one");
        assert_eq!(first_line(""), "");
        let long = format!("a{}", "ü".repeat(200));
        assert_eq!(first_line(&long).len(), 199);
    }
}
