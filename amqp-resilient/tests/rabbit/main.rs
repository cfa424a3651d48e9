//! Tests against private RabbitMQ nodes that are started, killed, frozen and starved. Behind the feature
//! `rabbit-tests`, as they need `rabbitmq-server` on the machine. A node takes 6 to 10 s to boot, so
//! each test is a story of several scenes on one node.

#![expect(
    clippy::print_stdout,
    reason = "the figures of a run are part of its result"
)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on is to stop")]

mod answers;
mod crashes;
#[cfg(feature = "rustls")]
mod encrypted;
mod hardship;
mod objections;
mod pipelined;
mod reconnecting;
mod rotation;
mod separate;
mod support;
mod topologies;
#[cfg(feature = "telemetry")]
mod traces;
