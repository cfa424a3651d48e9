//! From what the sources say to the settings.

mod message;
mod own;
mod rules;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use self::own::Own;
use super::error::Problem;
#[cfg(feature = "http")]
use super::inherit::HTTP_DEFAULTS;
use super::inherit::inherit;
use super::keys::TOP;
use super::origin::Origin;
use super::sources::join;
use super::tree::Table;
use super::{Config, LlmRequestsConfig, ServiceConfig, ShutdownConfig};

/// The settings; with problems they mean nothing.
pub(super) fn read(top: &mut Table, problems: &mut Vec<Problem>) -> Config {
    let http_defaults = inherit(top);
    let mut reader = Reader { problems };
    reader.http_defaults(http_defaults.as_ref());
    let flags = Own::new(Some(top), TOP, "");
    let mut flag = |key| flags.flag(key, true, reader.problems);
    Config {
        circuit_breakers_enabled: flag("circuit_breakers_enabled"),
        bulkheads_enabled: flag("bulkheads_enabled"),
        retry_enabled: flag("retry_enabled"),
        service: ServiceConfig::read(top.table("service"), reader.problems),
        circuit_breaker: reader.section(top.table("circuit_breaker"), "circuit_breaker"),
        circuit_breakers: reader.named(top, "circuit_breakers", "circuit_breaker"),
        retry: reader.section(top.table("retry"), "retry"),
        retries: reader.named(top, "retries", "retry"),
        bulkheads: reader.named(top, "bulkheads", ""),
        llm_requests: LlmRequestsConfig::read(top.table("llm_requests"), reader.problems),
        #[cfg(feature = "http")]
        http_clients: reader.named(top, "http_clients", HTTP_DEFAULTS),
        #[cfg(feature = "amqp")]
        amqp: {
            let amqp = top.table("amqp");
            amqp.map(|table| super::AmqpConfig::read(table, reader.problems))
        },
        #[cfg(feature = "health")]
        health: reader.health(top.table("health")),
        #[cfg(feature = "telemetry")]
        telemetry: super::TelemetryConfig::read(top.table("telemetry"), reader.problems),
        #[cfg(feature = "dashboard")]
        dashboard: super::DashboardConfig::read(top.table("dashboard"), reader.problems),
        shutdown: ShutdownConfig::read(top.table("shutdown"), reader.problems),
    }
}

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    /// A table as its crate reads it.
    fn section<T: DeserializeOwned + Default>(&mut self, table: Option<&Table>, path: &str) -> T {
        self.section_of(table, path, "")
    }

    /// The defaults of HTTP clients are no client, and may be wrong for all that.
    fn http_defaults(&mut self, defaults: Option<&Table>) {
        #[cfg(feature = "http")]
        let _: crate::http::HttpClientConfig = self.section(defaults, HTTP_DEFAULTS);
        #[cfg(not(feature = "http"))]
        let _ = (self, defaults);
    }

    /// The tables of a table. What the section of defaults is to blame for is told once, as its own.
    fn named<T: DeserializeOwned + Default>(
        &mut self,
        top: &Table,
        path: &str,
        defaults: &str,
    ) -> BTreeMap<String, T> {
        let tables = top.table(path).into_iter().flat_map(Table::tables);
        tables
            .map(|(name, table)| {
                let config = self.section_of(Some(table), &join(path, name), defaults);
                (name.to_owned(), config)
            })
            .collect()
    }

    fn section_of<T: DeserializeOwned + Default>(
        &mut self,
        table: Option<&Table>,
        path: &str,
        defaults: &str,
    ) -> T {
        let Some(table) = table else {
            return T::default();
        };
        match toml::Value::Table(table.plain()).try_into() {
            Ok(config) => config,
            Err(error) => {
                for said in message::parts(error.message()) {
                    self.report(table, path, defaults, said);
                }
                T::default()
            }
        }
    }

    fn report(&mut self, table: &Table, path: &str, defaults: &str, said: message::Said<'_>) {
        let own = blamed(table, said.key, said.rule);
        let of_defaults = format!("{defaults}.{}", said.key);
        let is_told = |known: &Problem| known.rule == said.rule && known.key == of_defaults;
        if own.is_none() && self.problems.iter().any(is_told) {
            return;
        }
        let given = table.origin_of(said.key);
        let rule = match (&own, &given) {
            (Some(_), Some(inherited @ Origin::Inherited { .. })) => {
                format!("{}; the value is inherited from {inherited}", said.rule)
            }
            _ => said.rule.to_owned(),
        };
        let origin = own.or(given).or_else(|| table.origin.clone());
        let origin = origin.unwrap_or(Origin::Default);
        let key = format!("{path}.{}", said.key);
        let problem = Problem::new(origin, key, said.value, rule);
        self.problems.push(problem);
    }

    #[cfg(feature = "health")]
    fn health(&mut self, table: Option<&Table>) -> super::HealthConfig {
        let Some(table) = table else {
            return super::HealthConfig::default();
        };
        let mut monitor = table.clone();
        monitor.entries.remove("checks");
        let before = self.problems.len();
        let mut config = super::HealthConfig {
            monitor: self.section(Some(&monitor), "health"),
            ..super::HealthConfig::default()
        };
        let is_read = self.problems.len() == before;
        let checks = table.table("checks").into_iter().flat_map(Table::tables);
        for (name, check) in checks {
            let path = join("health.checks", name);
            let settings = self.section(Some(check), &path);
            if is_read {
                rules::staleness(&config.monitor, &settings, check, &path, self.problems);
            }
            config.checks.insert(name.to_owned(), settings);
        }
        config
    }
}

/// The place in the table's own text to look at: that of the key, or else of a key that the rule speaks of.
fn blamed(table: &Table, key: &str, rule: &str) -> Option<Origin> {
    let own = |key: &str| {
        let origin = table.origin_of(key);
        origin.filter(|origin| !matches!(origin, Origin::Inherited { .. } | Origin::BuiltIn))
    };
    own(key).or_else(|| words(rule).find_map(|word| table.leaf(word).and_then(|_| own(word))))
}

/// The words of a rule, among which may be keys.
fn words(rule: &str) -> impl Iterator<Item = &str> {
    rule.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
}
