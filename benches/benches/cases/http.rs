//! GET over kept connections of 127.0.0.1, one at a time and 64 at a time: with breaker, bulkhead, retry with
//! budget, and the timeouts of attempt and whole; beside reqwest without any of it, and what others put
//! around it.

use steadfast_benches::Case;

use super::requests::{bare, by_hand, middleware, ours};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        all(Case::new("http_get", ours(1)), 1),
        all(Case::new("http_get_64_at_a_time", ours(64)), 64),
    ]
}

fn all(case: Case, at_once: usize) -> Case {
    case.beside("reqwest", bare(at_once))
        .beside("reqwest_middleware_retry", middleware(at_once))
        .beside("failsafe_backon_semaphore", by_hand(at_once))
        .with_turns_longer(40)
}
