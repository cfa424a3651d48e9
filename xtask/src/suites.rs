//! The suites that a plain `cargo test` leaves out, because they need more than Rust.

use crate::install::{PROMETHEUS, Package, RABBITMQ};

/// A test binary that needs a program from Debian; it is built only with its feature.
#[derive(Debug)]
#[non_exhaustive]
pub struct Suite {
    /// The package it belongs to.
    pub package: &'static str,
    /// The folder of that package.
    pub folder: &'static str,
    /// The test binary.
    pub name: &'static str,
    /// The feature it is behind.
    pub feature: &'static str,
    /// What it needs on the machine.
    pub needs: Package,
}

impl Suite {
    /// The feature as `cargo test --features` takes it.
    #[must_use]
    pub fn feature_flag(&self) -> String {
        format!("{}/{}", self.package, self.feature)
    }
}

/// Every suite that `cargo xtask test` runs and plain `cargo test --workspace` does not.
pub const LEFT_TO_XTASK: &[Suite] = &[
    Suite {
        package: "steadfast-testkit",
        folder: "testkit",
        name: "rabbit",
        feature: "rabbit",
        needs: RABBITMQ,
    },
    Suite {
        package: "steadfast-testkit",
        folder: "testkit",
        name: "prometheus",
        feature: "prometheus",
        needs: PROMETHEUS,
    },
    Suite {
        package: "steadfast-amqp",
        folder: "amqp-resilient",
        name: "rabbit",
        feature: "rabbit-tests",
        needs: RABBITMQ,
    },
    Suite {
        package: "steadfast-telemetry",
        folder: "telemetry",
        name: "promtool",
        feature: "promtool-test",
        needs: PROMETHEUS,
    },
];

/// Features without system needs that are off by default and whose tests `cargo xtask test` runs too.
pub const ALSO_ON: &[&str] = &[
    "steadfast-benches/simulation",
    "steadfast-breaker/quanta",
    "steadfast-breaker/serde",
    "steadfast-breaker/tower",
    "steadfast-bulkhead/serde",
    "steadfast-bulkhead/tower",
    "steadfast-retry/serde",
    "steadfast-retry/tower",
    "steadfast-health/breaker",
    "steadfast-health/bulkhead",
    "steadfast-http/health",
    "steadfast-http/telemetry",
    "steadfast-http/gzip",
    "steadfast-http/http2",
    "steadfast-http/json",
    "steadfast-http/query",
    "steadfast-http/form",
    "steadfast-http/stream",
    "steadfast-http/rate-limit",
    "steadfast-http/serde",
    "steadfast-http/multipart",
    "steadfast-http/middleware",
    "steadfast-amqp/health",
    "steadfast-amqp/telemetry",
    // For the test of TLS against RabbitMQ.
    "steadfast-amqp/rustls",
    "steadfast-telemetry/prometheus",
];
