//! GET over kept connections of 127.0.0.1, one at a time and 64 at a time: with breaker, bulkhead, retry with
//! budget, and the timeouts of attempt and whole; beside reqwest without any of it, and what others put
//! around it.

use steadfast_benches::Case;

use super::requests::{Load, bare, by_hand, middleware, ours, tower_resilience};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        case("http_get", Load::Rounds(1)),
        case("http_get_64_at_a_time", Load::Rounds(64)),
        case("http_get_64_callers_p99", Load::Slowest(64)),
    ]
}

fn case(name: &'static str, load: Load) -> Case {
    Case::new(name, ours(load))
        .beside("reqwest", bare(load))
        .beside("reqwest_middleware_retry", middleware(load))
        .beside("failsafe_backon_semaphore", by_hand(load))
        .beside("tower_resilience", tower_resilience(load))
        .with_turns_longer(40)
}
