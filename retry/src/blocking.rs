//! The blocking door.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::attempt::Attempt;
use crate::exhausted::End;
use crate::failure::Failure;
use crate::history::History;
use crate::judge::{Judge, Judged};
use crate::run::Run;
use crate::shared::Held;

/// Attempts `operation` until its result is accepted or given up, waiting by `sleep`.
pub(crate) fn call<T, E, J: Judge<T, E>>(
    held: impl Held,
    limit: Option<Instant>,
    sleep: impl Fn(Duration),
    mut operation: impl FnMut(Attempt, &History<E>) -> Result<T, E>,
    mut judge: J,
    mut hook: impl FnMut(u32, &Failure<J::Last>, Duration),
) -> End<T, J::Last, E> {
    let mut run = Run::new(held, limit);
    run.note_beginning(); // there is no other moment to do so: code that blocks is never suspended
    let mut next = run.begin();
    loop {
        let Some(attempt) = next else {
            return Err(run.too_late(J::last));
        };
        let result = operation(attempt, run.history());
        let (last, verdict) = match judge.judge(result) {
            Judged::Accepted(value) => {
                run.succeed();
                return Ok(value);
            }
            Judged::Failed(last, verdict) => (last, verdict),
        };
        let failure = Failure::Operation(last);
        let wait = match run.settle(failure, verdict, J::error, &mut hook) {
            ControlFlow::Break(exhausted) => return Err(exhausted),
            ControlFlow::Continue(wait) => wait,
        };
        if !wait.is_zero() {
            if run.may_wait(wait).is_none() {
                return Err(run.too_late(J::last));
            }
            run.begin_wait(wait);
            sleep(wait);
        }
        next = run.next_attempt();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::backoff::Jitter;
    use crate::judge::ErrorsAreRetried;
    use crate::retry::Retry;

    /// The waits of a call that fails every attempt, with the gauge as it stood in each.
    fn waits(retry: &Retry) -> Vec<(u64, u64)> {
        let waits = RefCell::new(Vec::new());
        let sleep = |wait: Duration| {
            let millis = u64::try_from(wait.as_millis()).unwrap();
            waits.borrow_mut().push((millis, retry.snapshot().waiting));
        };
        let result = call(
            retry.shared(),
            None,
            sleep,
            |_, _| Err::<(), _>(()),
            ErrorsAreRetried,
            |_, _, _| (),
        );
        assert!(result.is_err());
        assert_eq!(retry.snapshot().waiting, 0);
        waits.into_inner()
    }

    #[test]
    fn waits_between_attempts_and_counts_as_waiting_meanwhile() {
        let builder = Retry::builder("blocking").jitter(Jitter::None);
        let retry = builder.max_attempts(4).build().unwrap();
        assert_eq!(waits(&retry), [(100, 1), (200, 1), (400, 1)]);
    }

    #[test]
    fn does_not_sleep_for_a_wait_of_zero() {
        let builder = Retry::builder("blocking").base_backoff(Duration::ZERO);
        assert_eq!(waits(&builder.build().unwrap()), []);
    }
}
