//! The sections that are the facade's own.

use std::time::Duration;

use serde::Serialize;

use super::written;

/// `[service]`: who this is, for telemetry, health and the dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ServiceConfig {
    /// The name of the service. Default `service`.
    pub name: String,
    /// Its version. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            name: "service".to_owned(),
            version: None,
        }
    }
}

/// `[llm_requests]`: how long requests to language models may take: those of
/// `Supervisor::with_llm_request`, and those of its policy named `llm_requests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LlmRequestsConfig {
    /// How long a request may take with all its attempts and waits; longer than zero. Default 5 min: a long answer, and
    /// another attempt at it.
    #[serde(serialize_with = "written::duration")]
    pub total_timeout: Duration,
    /// How long one attempt may take; longer than zero, and not longer than the total timeout. Default 2 min.
    #[serde(serialize_with = "written::duration")]
    pub attempt_timeout: Duration,
}

impl Default for LlmRequestsConfig {
    fn default() -> Self {
        Self {
            total_timeout: Duration::from_secs(300),
            attempt_timeout: Duration::from_secs(120),
        }
    }
}

/// `[shutdown]`: how an end is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ShutdownConfig {
    /// How long a shutdown may take in all; longer than zero. Default 10 s.
    #[serde(serialize_with = "written::duration")]
    pub grace: Duration,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(10),
        }
    }
}

/// `[health]`: the settings of the monitor, and of checks by name.
#[cfg(feature = "health")]
#[cfg_attr(docsrs, doc(cfg(feature = "health")))]
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct HealthConfig {
    /// The settings of the monitor, which stand in the section itself.
    #[serde(flatten)]
    pub monitor: crate::health::MonitorConfig,
    /// `[health.checks.NAME]`: what a check is to do otherwise than the code says.
    pub checks: std::collections::BTreeMap<String, crate::health::CheckConfig>,
}

/// `[telemetry]`: what is told, to whom, and what is kept.
#[cfg(feature = "telemetry")]
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TelemetryConfig {
    /// Whether metrics and traces are exported over OTLP, as the variables `OTEL_*` say. Default false.
    #[cfg(feature = "otlp")]
    pub otlp: bool,
    /// Whether metrics are kept for Prometheus to read. Default true.
    #[cfg(feature = "prometheus")]
    pub prometheus: bool,
    /// Whether events are written to the log. Default true.
    #[cfg(feature = "tracing")]
    pub log_events: bool,
    /// How often a snapshot is broadcast; longer than zero. Default 5 s.
    #[serde(serialize_with = "written::duration")]
    pub report_interval: Duration,
    /// How many components a history is kept of. `None`: 500 if there is a dashboard to draw it, else
    /// none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<usize>,
    /// How many events may wait for the handlers; at least 1. Default 1024.
    pub queue: usize,
    /// How many members of a group have series of their own. Default 50.
    pub own_series: usize,
    /// Whether spans of messages say how large the body is. Default false.
    pub message_body_size: bool,
}

#[cfg(feature = "telemetry")]
impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            #[cfg(feature = "otlp")]
            otlp: false,
            #[cfg(feature = "prometheus")]
            prometheus: true,
            #[cfg(feature = "tracing")]
            log_events: true,
            report_interval: Duration::from_secs(5),
            history: None,
            queue: 1024,
            own_series: 50,
            message_body_size: false,
        }
    }
}

/// `[dashboard]`: the page for operators.
#[cfg(feature = "dashboard")]
#[cfg_attr(docsrs, doc(cfg(feature = "dashboard")))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DashboardConfig {
    /// Whether it is served. Default false.
    pub enabled: bool,
    /// The address and port that it listens on. Default `127.0.0.1:4000`.
    pub listen: std::net::SocketAddr,
    /// The path under which it is; begins with `/`. Default `/resilience`.
    pub path: String,
    /// The names under which it answers, besides every address; see
    /// [`Builder::hosts`](steadfast_dashboard::Builder::hosts). `None`, the default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// What whoever operates its controls must show. `None`, the default: there are no controls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controls_token: Option<super::Secret>,
    /// How many may watch at a time; at least 1. Default 64.
    pub max_subscribers: usize,
    /// How long one may watch before it must ask again; longer than zero. Default 10 min.
    #[serde(serialize_with = "written::duration")]
    pub max_stream_age: Duration,
    /// How many events are kept for who comes later; at least 1. Default 1024.
    pub events: usize,
}

#[cfg(feature = "dashboard")]
impl Default for DashboardConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: (std::net::Ipv4Addr::LOCALHOST, 4000).into(),
            path: "/resilience".to_owned(),
            hosts: None,
            controls_token: None,
            max_subscribers: 64,
            max_stream_age: Duration::from_secs(600),
            events: 1024,
        }
    }
}
