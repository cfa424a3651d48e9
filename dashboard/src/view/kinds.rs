//! Telemetry's words for the kinds of components.

pub(crate) const AMQP: &str = "amqp_connection";
pub(crate) const BREAKER: &str = "circuit_breaker";
pub(crate) const BULKHEAD: &str = "bulkhead";
pub(crate) const BUDGET: &str = "retry_budget";
pub(crate) const HEALTH_CHECK: &str = "health_check";
pub(crate) const HEALTH_MONITOR: &str = "health_monitor";
pub(crate) const HEDGE: &str = "hedge";
pub(crate) const HTTP: &str = "http_client";
pub(crate) const POOL: &str = "pool";
pub(crate) const RETRY: &str = "retry";
/// The dashboard itself, which has metrics and no row.
pub(crate) const DASHBOARD: &str = "dashboard";
