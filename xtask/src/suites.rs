//! The suites that a plain `cargo test` leaves out, because they need more than Rust.

use crate::browser::{Browser, CHROMIUM};
use crate::install::{PROMETHEUS, Package, RABBITMQ};
use crate::python::{OTLP_DECODER, Venv};

/// What a suite needs besides Rust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// A program from Debian.
    Debian(Package),
    /// A Python with packages from PyPI.
    Python(Venv),
    /// A browser, with packages from npm that drive it.
    Browser(Browser),
}

impl Need {
    /// The program, if it is one.
    #[must_use]
    pub const fn debian(&self) -> Option<Package> {
        match self {
            Self::Debian(package) => Some(*package),
            Self::Python(_) | Self::Browser(_) => None,
        }
    }

    /// The packages, if they are Python's.
    #[must_use]
    pub const fn python(&self) -> Option<Venv> {
        match self {
            Self::Python(venv) => Some(*venv),
            Self::Debian(_) | Self::Browser(_) => None,
        }
    }

    /// The browser, if it is one.
    #[must_use]
    pub const fn browser(&self) -> Option<Browser> {
        match self {
            Self::Browser(browser) => Some(*browser),
            Self::Debian(_) | Self::Python(_) => None,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Debian(package) => package.name,
            Self::Python(venv) => venv.name,
            Self::Browser(browser) => browser.name,
        }
    }
}

/// A test binary that needs more than Rust; it is built only with its feature.
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
    pub needs: Need,
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
        needs: Need::Debian(RABBITMQ),
    },
    Suite {
        package: "steadfast-testkit",
        folder: "testkit",
        name: "prometheus",
        feature: "prometheus",
        needs: Need::Debian(PROMETHEUS),
    },
    Suite {
        package: "steadfast-amqp",
        folder: "amqp-resilient",
        name: "rabbit",
        feature: "rabbit-tests",
        needs: Need::Debian(RABBITMQ),
    },
    Suite {
        package: "steadfast",
        folder: "steadfast",
        name: "rabbit",
        feature: "rabbit-tests",
        needs: Need::Debian(RABBITMQ),
    },
    Suite {
        package: "steadfast-telemetry",
        folder: "telemetry",
        name: "promtool",
        feature: "promtool-test",
        needs: Need::Debian(PROMETHEUS),
    },
    Suite {
        package: "steadfast-telemetry",
        folder: "telemetry",
        name: "otlp_python",
        feature: "otlp-python-test",
        needs: Need::Python(OTLP_DECODER),
    },
    Suite {
        package: "steadfast-e2e",
        folder: "e2e",
        name: "browser",
        feature: "browser",
        needs: Need::Browser(CHROMIUM),
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
    "steadfast-health/http",
    "steadfast-health/pool",
    "steadfast-health/serde",
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
    "steadfast-telemetry/bound",
    "steadfast-telemetry/otlp",
    "steadfast-telemetry/otlp-tls",
    "steadfast-dashboard/http",
    "steadfast-dashboard/amqp",
    "steadfast/full",
    // Parts of it that tests name.
    "steadfast/config",
    "steadfast/supervisor",
    "steadfast-telemetry/prometheus",
    "steadfast-telemetry/serde",
    "steadfast-telemetry/tracing",
    "steadfast-testkit/otlp",
];
