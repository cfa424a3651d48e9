//! The blocking door.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::retry::Shared;
use crate::run::{End, Run};
use crate::verdict::Verdict;

/// Attempts `operation` until its result is accepted or given up, waiting by `sleep`.
pub(crate) fn call<T, E>(
    shared: &Shared,
    sleep: impl Fn(Duration),
    mut operation: impl FnMut(Attempt) -> Result<T, E>,
    mut classifier: impl FnMut(&Result<T, E>) -> Verdict,
    mut hook: impl FnMut(u32, &Result<T, E>, Duration),
) -> End<T, E> {
    let mut run = Run::begin_timed(shared);
    loop {
        let result = operation(run.next_attempt());
        let wait = match run.settle(result, &mut classifier, &mut hook) {
            ControlFlow::Break(end) => return end,
            ControlFlow::Continue(wait) => wait,
        };
        if !wait.is_zero() {
            let _waiting = run.wait();
            sleep(wait);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::backoff::Jitter;
    use crate::retry::{Retry, errors_are_retried};

    /// The waits of a call that fails every attempt, with the gauge as it stood in each.
    fn waits(retry: &Retry) -> Vec<(u64, u64)> {
        let waits = RefCell::new(Vec::new());
        let sleep = |wait: Duration| {
            let millis = u64::try_from(wait.as_millis()).unwrap();
            waits.borrow_mut().push((millis, retry.snapshot().waiting));
        };
        let fail = |_| Err::<(), _>(());
        assert!(
            call(
                retry.shared(),
                sleep,
                fail,
                errors_are_retried,
                |_, _, _| ()
            )
            .is_err()
        );
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
