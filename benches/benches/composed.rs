//! Retry, breaker and bulkhead together, and with a timeout, beside the same by hand and tower-resilience.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod by_criterion;
    pub(crate) mod composed;
    pub(crate) mod failure;
    pub(crate) mod our_composed;
    pub(crate) mod runtime;
    pub(crate) mod work;
}

fn main() {
    cases::by_criterion::by_criterion(cases::composed::cases());
}
