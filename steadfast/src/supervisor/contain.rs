//! The wall around code that is not ours.

use std::any::Any;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::FutureExt as _;

/// Runs a future to its end, and drops it; what one of the two panicked with, if it did, in one line.
pub(super) async fn contained<F: Future>(future: F) -> Result<F::Output, Arc<str>> {
    let mut future = Box::pin(future);
    let ended = AssertUnwindSafe(future.as_mut()).catch_unwind().await;
    let ended = ended.map_err(said);
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(future)));
    let dropped = dropped.map_err(said);
    ended.and_then(|value| dropped.map(|()| value))
}

/// The first line of a panic's message.
fn said(payload: Box<dyn Any + Send>) -> Arc<str> {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let why = Arc::from(text.map_or("no message", first_line));
    // A payload may panic itself when it is dropped; what that panics with is left where it is.
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _leaked = ManuallyDrop::new(second);
    }
    why
}

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

    use futures_util::FutureExt as _;

    use super::{contained, first_line};

    struct PanicsWhenDropped;

    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic_any(7);
        }
    }

    #[test]
    fn says_what_the_code_panicked_with() {
        let run = |panic: fn()| contained(async move { panic() }).now_or_never().unwrap();
        let why = |panic: fn()| run(panic).unwrap_err();
        assert_eq!(&*why(|| panic!("plain\nsecond line")), "plain");
        assert_eq!(&*why(|| panic!("with {}", 7)), "with 7");
        assert_eq!(&*why(|| panic_any(7)), "no message");
        assert_eq!(&*why(|| panic_any(PanicsWhenDropped)), "no message");
        assert_eq!(run(|| ()), Ok(()));
    }

    #[test]
    fn a_future_that_panics_when_it_is_dropped_has_panicked() {
        let guarded = |panics: bool| {
            let guard = PanicsWhenDropped;
            contained(std::future::poll_fn(move |_| {
                let _ = &guard;
                assert!(!panics, "first");
                std::task::Poll::Ready(())
            }))
        };
        let run = |panics| guarded(panics).now_or_never().unwrap().unwrap_err();
        assert_eq!(&*run(false), "no message");
        assert_eq!(&*run(true), "first");
    }

    #[test]
    fn keeps_whole_characters_of_a_long_message() {
        let long = format!("a{}", "ü".repeat(200));
        assert_eq!(first_line(&long).len(), 199);
    }
}
