//! The hedge beside tower and tower-resilience.

mod cases {
    pub(crate) mod alone;
    pub(crate) mod by_criterion;
    pub(crate) mod failure;
    pub(crate) mod hedge;
    pub(crate) mod our_hedges;
    pub(crate) mod runtime;
    pub(crate) mod work;
}

fn main() {
    cases::by_criterion::by_criterion(cases::hedge::cases());
}
