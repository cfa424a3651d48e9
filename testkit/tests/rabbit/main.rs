//! Private RabbitMQ nodes, started, broken and removed. Built with the feature `rabbit` only.

#![expect(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test binary: helpers fail like tests, and nothing is exported"
)]

mod faults;
mod leftovers;
mod support;
