//! Every case beside its peers in one interleaved run: a line for each case and peer.
//!
//! `cargo bench -p steadfast-benches --bench ratios`; `-- breaker_open window` for the cases alone in
//! whose names there is one of the words. As a test, every contender runs once and nothing is said
//! about time.

#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

mod cases {
    pub(crate) mod alone;
    pub(crate) mod answers;
    pub(crate) mod breaker;
    pub(crate) mod bulkhead;
    pub(crate) mod composed;
    pub(crate) mod failure;
    pub(crate) mod hedge;
    pub(crate) mod http;
    pub(crate) mod our_bulkheads;
    pub(crate) mod our_composed;
    pub(crate) mod our_hedges;
    pub(crate) mod our_retries;
    pub(crate) mod ours;
    pub(crate) mod recording;
    pub(crate) mod requests;
    pub(crate) mod retry;
    pub(crate) mod runtime;
    pub(crate) mod together;
    pub(crate) mod watched;
    pub(crate) mod work;
}

use cases::{breaker, bulkhead, composed, hedge, http, recording, retry, watched};
use steadfast_benches::{Effort, take_turns};

fn main() {
    let mut cases = breaker::cases();
    cases.extend(retry::cases());
    cases.extend(hedge::cases());
    cases.extend(bulkhead::cases());
    cases.extend(composed::cases());
    cases.extend(watched::cases());
    cases.extend(recording::cases());
    cases.extend(http::cases());
    if is_test() {
        let compared = take_turns(&mut cases, Effort::ONCE);
        println!(
            "{} cases ran once, with {} peers",
            cases.len(),
            compared.len()
        );
        return;
    }
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let mut effort = Effort::FULL;
    if !wanted.is_empty() {
        cases.retain(|case| {
            wanted
                .iter()
                .any(|word| case.name().contains(word.as_str()))
        });
        effort = Effort::SOME;
    }
    for ratio in take_turns(&mut cases, effort) {
        println!("{ratio}");
    }
}

/// `cargo bench` says `--bench`; `cargo test` does not, and `cargo bench -- --test` says both.
fn is_test() -> bool {
    let said = |option| std::env::args().any(|argument| argument == option);
    !said("--bench") || said("--test")
}
