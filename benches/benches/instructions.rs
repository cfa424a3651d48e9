//! What a call through a breaker, a retry, a hedge or a bulkhead, or some of them together, costs in
//! instructions, case by case, held to `instructions.txt`: see `cases/counting.rs` for how it is run.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod answers;
    pub(crate) mod counted;
    pub(crate) mod counting;
    pub(crate) mod failure;
    pub(crate) mod our_bulkheads;
    pub(crate) mod our_composed;
    pub(crate) mod our_hedges;
    pub(crate) mod our_retries;
    pub(crate) mod ours;
    pub(crate) mod runtime;
    pub(crate) mod work;
}

use std::process::ExitCode;

use cases::counted::CASES;
use cases::counting::{Counting, run};

fn main() -> ExitCode {
    run(&Counting {
        cases: CASES,
        table: "instructions.txt",
        // So many that what a run takes by chance to set itself up, some ten thousand instructions where
        // telemetry hashes its keys, is no part of the count.
        many: 101_000,
    })
}
