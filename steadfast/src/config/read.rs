//! From what the sources say to the settings.

mod message;
mod own;
mod rules;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use self::own::Own;
use super::error::Problem;
use super::inherit::inherit;
use super::keys::TOP;
use super::origin::Origin;
use super::sources::join;
use super::tree::Table;
use super::{Config, ServiceConfig, ShutdownConfig};

/// The settings; with problems they mean nothing.
pub(super) fn read(top: &mut Table, problems: &mut Vec<Problem>) -> Config {
    let http_defaults = inherit(top);
    let mut reader = Reader { problems };
    let flags = Own::new(Some(top), TOP, "");
    let mut config = Config::default();
    config.circuit_breakers_enabled = flags.flag("circuit_breakers_enabled", true, reader.problems);
    config.bulkheads_enabled = flags.flag("bulkheads_enabled", true, reader.problems);
    config.retry_enabled = flags.flag("retry_enabled", true, reader.problems);
    config.service = ServiceConfig::read(top.table("service"), reader.problems);
    config.shutdown = ShutdownConfig::read(top.table("shutdown"), reader.problems);

    config.circuit_breaker = reader.section(top.table("circuit_breaker"), "circuit_breaker");
    config.circuit_breakers = reader.named(top, "circuit_breakers", "circuit_breaker");
    config.retry = reader.section(top.table("retry"), "retry");
    config.retries = reader.named(top, "retries", "retry");
    config.bulkheads = reader.named(top, "bulkheads", "");
    #[cfg(feature = "http")]
    {
        use super::inherit::HTTP_DEFAULTS;
        let _: crate::http::HttpClientConfig =
            reader.section(http_defaults.as_ref(), HTTP_DEFAULTS);
        config.http_clients = reader.named(top, "http_clients", HTTP_DEFAULTS);
    }
    #[cfg(not(feature = "http"))]
    drop(http_defaults);
    #[cfg(feature = "amqp")]
    {
        let amqp = top.table("amqp");
        config.amqp = amqp.map(|table| super::AmqpConfig::read(table, reader.problems));
    }
    #[cfg(feature = "health")]
    {
        config.health = reader.health(top.table("health"));
    }
    #[cfg(feature = "telemetry")]
    {
        let table = top.table("telemetry");
        config.telemetry = super::TelemetryConfig::read(table, reader.problems);
    }
    #[cfg(feature = "dashboard")]
    {
        let table = top.table("dashboard");
        config.dashboard = super::DashboardConfig::read(table, reader.problems);
    }
    config
}

struct Reader<'p> {
    problems: &'p mut Vec<Problem>,
}

impl Reader<'_> {
    /// A table as its crate reads it.
    fn section<T: DeserializeOwned + Default>(&mut self, table: Option<&Table>, path: &str) -> T {
        self.section_of(table, path, "")
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
        let mut config = super::HealthConfig::default();
        config.monitor = self.section(Some(&monitor), "health");
        let checks = table.table("checks").into_iter().flat_map(Table::tables);
        for (name, check) in checks {
            let path = join("health.checks", name);
            let settings = self.section(Some(check), &path);
            rules::staleness(&config.monitor, &settings, check, &path, self.problems);
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
    let mut words = rule.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    own(key).or_else(|| words.find_map(|word| table.leaf(word).and_then(|_| own(word))))
}
