//! A circuit breaker that lets calls through, and one that is open.
//!
//! Each peer has the rule of the case where it knows it. recloser only knows failure rates over a
//! number of calls; failsafe knows none of those, and is beside our count windows with its
//! consecutive rule, which does less.

mod consecutive;
mod count_window;
mod open;
mod peers;
mod slow_calls;
mod threads;
mod time_window;
mod watched;

use steadfast_benches::Case;

pub(crate) fn cases() -> Vec<Case> {
    [
        consecutive::cases(),
        count_window::cases(),
        time_window::cases(),
        slow_calls::cases(),
        open::cases(),
        threads::cases(),
        watched::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn blocking_work() -> Result<u64, super::failure::Failure> {
    std::hint::black_box(Ok(1))
}
