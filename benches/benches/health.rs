//! Reading a monitor's health. There is no peer to put beside it.

mod cases {
    pub(crate) mod by_criterion;
    pub(crate) mod health;
    pub(crate) mod runtime;
}

fn main() {
    cases::by_criterion::by_criterion(cases::health::cases());
}
