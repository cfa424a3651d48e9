//! The breaker beside failsafe, recloser and tower-resilience.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod breaker;
    pub(crate) mod by_criterion;
    pub(crate) mod one_in_ten;
    pub(crate) mod ours;
    pub(crate) mod runtime;
    pub(crate) mod together;
    pub(crate) mod work;
}

fn main() {
    cases::by_criterion::by_criterion(cases::breaker::cases());
}
