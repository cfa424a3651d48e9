//! What the HTTP client adds to a request of reqwest's in instructions, and what others add, held to
//! `instructions_http.txt`: see `cases/counting.rs` for how it is run.
//!
//! A program of its own, since what else is in a program decides what the compiler puts inline.

mod cases {
    pub(crate) mod counting;
    pub(crate) mod requests;
}

use std::process::ExitCode;

use cases::counting::{Counted, Counting, run};
use cases::requests::{self, Load};

const ONE: Load = Load::Rounds(1);

const CASES: &[Counted] = &[
    request("http_get", || Box::new(requests::ours(ONE))),
    request("http_get_by_hand", || Box::new(requests::by_hand(ONE))).of_a_peer(),
    request("http_get_middleware_retry", || {
        Box::new(requests::middleware(ONE))
    })
    .of_a_peer(),
    request("http_get_tower_resilience", || {
        Box::new(requests::tower_resilience(ONE))
    })
    .of_a_peer(),
];

/// A request, counted beyond one of reqwest's alone.
const fn request(name: &'static str, make: fn() -> cases::counting::Run) -> Counted {
    Counted::new(name, make).beyond(|| Box::new(requests::bare(ONE)))
}

fn main() -> ExitCode {
    run(&Counting {
        cases: CASES,
        table: "instructions_http.txt",
        // Fewer than of calls: each takes a thousand times as many.
        many: 6_000,
    })
}
