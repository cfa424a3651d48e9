//! The breaker beside failsafe, recloser and tower-resilience.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod answers;
    pub(crate) mod breaker;
    pub(crate) mod by_criterion;
    pub(crate) mod failure;
    pub(crate) mod ours;
    pub(crate) mod runtime;
    pub(crate) mod together;
}

fn main() {
    cases::by_criterion::by_criterion(cases::breaker::cases());
}
