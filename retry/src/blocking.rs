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
