//! The sections of the facade's own, and health.

use super::{Kind, Shape};

pub(super) const SERVICE: &Shape = &Shape {
    name: "service",
    keys: keys! {
        name: Kind::Text, "The name of the service.";
        version: Kind::Text, "Its version.";
    },
    ask: None,
};

pub(super) const LLM_REQUESTS: &Shape = &Shape {
    name: "llm_requests",
    keys: keys! {
        total_timeout: Kind::PositiveTime, "How long a request may take with all its attempts and waits.";
        attempt_timeout: Kind::PositiveTime, "How long one attempt may take; not longer than total_timeout.";
    },
    ask: None,
};

pub(super) const SHUTDOWN: &Shape = &Shape {
    name: "shutdown",
    keys: keys! {
        grace: Kind::PositiveTime, "How long a shutdown may take in all.";
    },
    ask: None,
};

pub(super) const HEALTH: &Shape = &Shape {
    name: "health",
    keys: keys! {
        interval: Kind::PositiveTime, "From the start of one run of a check to the start of the next.";
        timeout: Kind::PositiveTime, "How long one run of a check may take.";
        jitter: Kind::Number(0.0, 1.0), "The share of the interval by which each wait is longer or shorter.";
        checks: Kind::Named(CHECK), "Checks by name: what they are to do otherwise than the code says.";
    },
    ask: None,
};

const CHECK: &Shape = &Shape {
    name: "health_check",
    keys: keys! {
        importance: Kind::Word(&["required", "optional"]), "Whether the service can work without it.";
        liveness: Kind::Flag, "Whether it counts for liveness.";
        startup: Kind::Flag, "Whether it counts for startup.";
        depends_on: Kind::Texts, "The names of checks without which it makes no sense.";
        timeout: Kind::PositiveTime, "How long one run may take.";
        interval: Kind::PositiveTime, "From the start of one run to the start of the next.";
        staleness: Kind::Time, "How long a result stands; longer than one interval with its jitter plus the timeout.";
        unhealthy_after: Kind::Whole(1, COUNT), "Results in a row before the status gets worse.";
        healthy_after: Kind::Whole(1, COUNT), "Results in a row before the status gets better.";
    },
    #[cfg(feature = "health")]
    ask: Some(super::ask::<crate::health::CheckConfig>),
    #[cfg(not(feature = "health"))]
    ask: None,
};

pub(super) const TELEMETRY: &Shape = &Shape {
    name: "telemetry",
    keys: keys! {
        otlp: Kind::Flag, "Whether metrics and traces are exported over OTLP, as the variables OTEL_* say.",
            feature "otlp";
        prometheus: Kind::Flag, "Whether metrics are kept for Prometheus to read.",
            feature "prometheus";
        log_events: Kind::Flag, "Whether events are written to the log.",
            feature "tracing";
        report_interval: Kind::PositiveTime, "How often a snapshot is broadcast.";
        history: Kind::Whole(0, MANY), "How many components a history is kept of.",
            default "500 with a dashboard, else none";
        queue: Kind::Whole(1, MANY), "How many events may wait for the handlers.";
        own_series: Kind::Whole(0, MANY), "How many members of a group have series of their own.";
        message_body_size: Kind::Flag, "Whether spans of messages say how large the body is.";
    },
    ask: None,
};

pub(super) const DASHBOARD: &Shape = &Shape {
    name: "dashboard",
    keys: keys! {
        enabled: Kind::Flag, "Whether it is served.";
        listen: Kind::Address, "The address and port that it listens on.";
        path: Kind::Path, "The path under which it is.";
        hosts: Kind::Texts, "The names under which it answers, besides every address; unset: any.";
        controls_token: Kind::Secret, "What whoever operates its controls must show; without it there are none.";
        max_subscribers: Kind::Whole(1, MANY), "How many may watch at a time.";
        max_stream_age: Kind::PositiveTime, "How long one may watch before it must ask again.";
        events: Kind::Whole(1, MANY), "How many events are kept for who comes later.";
    },
    ask: None,
};

const COUNT: u64 = u32::MAX as u64;
/// More of anything that is kept in memory is a mistake.
const MANY: u64 = 1_000_000;
