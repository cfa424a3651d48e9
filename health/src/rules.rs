//! What was said of a check, and the rules that it is run and judged by.

use std::sync::Arc;
use std::time::Duration;

use crate::builder::defaults;
use crate::config::{CheckConfig, MonitorConfig, at_least_one, longer_than_zero, names_of_checks};
use crate::error::{ConfigError, FieldError};
use crate::status::Importance;

/// What was said of a check. They are kept apart, so that another config can take the place of the one that was given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    /// By the methods of [`Check`](crate::Check).
    pub(crate) code: CheckConfig,
    /// By a config, which goes before.
    pub(crate) config: CheckConfig,
}

impl Said {
    pub(crate) fn whole(&self) -> CheckConfig {
        self.config.over(&self.code)
    }

    /// Fills in the monitor's settings and holds the result against the rules.
    pub(crate) fn resolve(
        &self,
        name: &Arc<str>,
        monitor: &MonitorConfig,
    ) -> Result<Rules, ConfigError> {
        let said = self.whole();
        let interval = said.interval.unwrap_or(monitor.interval);
        let timeout = said.timeout.unwrap_or(monitor.timeout);
        let unhealthy_after = said.unhealthy_after.unwrap_or(defaults::UNHEALTHY_AFTER);
        let healthy_after = said.healthy_after.unwrap_or(defaults::HEALTHY_AFTER);
        let depends_on = said.depends_on.unwrap_or_default();
        let staleness = said.staleness.unwrap_or_else(|| {
            interval
                .saturating_mul(defaults::STALE_INTERVALS)
                .saturating_add(timeout)
        });
        let mut fields = Vec::new();
        if name.is_empty() {
            fields.push(FieldError::new("name", name, "must not be empty"));
        }
        for (field, duration) in [("timeout", timeout), ("interval", interval)] {
            fields.extend(longer_than_zero(field, duration));
        }
        if said.staleness.is_some() && staleness <= longest_gap(interval, monitor.jitter, timeout) {
            fields.push(FieldError::new(
                "staleness",
                &staleness,
                "must be longer than one interval with its jitter plus the timeout",
            ));
        }
        for (field, results) in [
            ("unhealthy_after", unhealthy_after),
            ("healthy_after", healthy_after),
        ] {
            fields.extend(at_least_one(field, results));
        }
        fields.extend(names_of_checks(&depends_on));
        if !fields.is_empty() {
            return Err(ConfigError::new("health check", Arc::clone(name), fields));
        }
        let importance = said.importance.unwrap_or_default();
        Ok(Rules {
            importance,
            liveness: said.liveness.unwrap_or(defaults::LIVENESS),
            startup: said.startup.unwrap_or(importance == Importance::Required),
            depends_on: depends_on.into(),
            timeout,
            interval,
            jitter: monitor.jitter,
            staleness,
            unhealthy_after,
            healthy_after,
        })
    }
}

/// How a registered check is run and judged: its own settings with the monitor's filled in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rules {
    pub(crate) importance: Importance,
    pub(crate) liveness: bool,
    pub(crate) startup: bool,
    pub(crate) depends_on: Arc<[Arc<str>]>,
    pub(crate) timeout: Duration,
    pub(crate) interval: Duration,
    pub(crate) jitter: f64,
    pub(crate) staleness: Duration,
    pub(crate) unhealthy_after: u32,
    pub(crate) healthy_after: u32,
}

/// The longest time between two results of a check that is run as it should be.
fn longest_gap(interval: Duration, jitter: f64, timeout: Duration) -> Duration {
    Duration::try_from_secs_f64(interval.as_secs_f64() * (1.0 + jitter))
        .unwrap_or(Duration::MAX)
        .saturating_add(timeout)
}
