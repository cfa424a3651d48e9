//! The retry beside backon, tokio-retry2, tower and tower-resilience.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod by_criterion;
    pub(crate) mod failure;
    pub(crate) mod our_retries;
    pub(crate) mod retry;
    pub(crate) mod runtime;
    pub(crate) mod work;
}

fn main() {
    cases::by_criterion::by_criterion(cases::retry::cases());
}
