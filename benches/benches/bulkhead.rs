//! The bulkhead beside tokio's semaphore, tower and tower-resilience.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod bulkhead;
    pub(crate) mod by_criterion;
    pub(crate) mod failure;
    pub(crate) mod runtime;
    pub(crate) mod together;
    pub(crate) mod work;
}

fn main() {
    cases::by_criterion::by_criterion(cases::bulkhead::cases());
}
