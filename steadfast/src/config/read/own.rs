//! The sections of the facade's own.

use std::time::Duration;

use toml::Value;

use crate::config::error::Problem;
use crate::config::keys::{Kind, Shape, TOP};
use crate::config::sources::join;
use crate::config::tree::Table;
use crate::config::{LlmRequestsConfig, ServiceConfig, ShutdownConfig};

/// A table whose keys are read one by one, by the rules of the table of keys.
pub(super) struct Own<'t> {
    table: Option<&'t Table>,
    shape: &'static Shape,
    path: &'static str,
}

impl<'t> Own<'t> {
    pub(super) fn new(table: Option<&'t Table>, shape: &'static Shape, path: &'static str) -> Self {
        Self { table, shape, path }
    }

    /// A section of the top.
    fn section(table: Option<&'t Table>, path: &'static str) -> Self {
        let key = TOP.find(path);
        let shape = key.and_then(|key| key.kind.shape()).unwrap_or(TOP);
        Self::new(table, shape, path)
    }

    fn read<T>(
        &self,
        key: &str,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&Value, Kind) -> Result<T, String>,
    ) -> Option<T> {
        let (value, origin) = self.table?.leaf(key)?;
        let kind = self.shape.find(key)?.kind;
        match read(value, kind) {
            Ok(value) => Some(value),
            Err(rule) => {
                let shown = told(kind, value);
                let path = join(self.path, key);
                problems.push(Problem::new(origin.clone(), path, shown, rule));
                None
            }
        }
    }

    pub(super) fn flag(&self, key: &str, default: bool, problems: &mut Vec<Problem>) -> bool {
        self.read(key, problems, flag).unwrap_or(default)
    }

    fn text(&self, key: &str, problems: &mut Vec<Problem>) -> Option<String> {
        self.read(key, problems, text)
    }

    fn time(&self, key: &str, problems: &mut Vec<Problem>) -> Option<Duration> {
        self.read(key, problems, time)
    }

    #[cfg(any(feature = "amqp", feature = "telemetry", feature = "dashboard"))]
    fn whole<T: TryFrom<u64>>(&self, key: &str, problems: &mut Vec<Problem>) -> Option<T> {
        self.read(key, problems, whole)
    }
}

impl ServiceConfig {
    pub(super) fn read(table: Option<&Table>, problems: &mut Vec<Problem>) -> Self {
        let own = Own::section(table, "service");
        let default = Self::default();
        Self {
            name: own.text("name", problems).unwrap_or(default.name),
            version: own.text("version", problems),
        }
    }
}

impl LlmRequestsConfig {
    pub(super) fn read(table: Option<&Table>, problems: &mut Vec<Problem>) -> Self {
        let own = Own::section(table, "llm_requests");
        let default = Self::default();
        let before = problems.len();
        let config = Self {
            total_timeout: own
                .time("total_timeout", problems)
                .unwrap_or(default.total_timeout),
            attempt_timeout: own
                .time("attempt_timeout", problems)
                .unwrap_or(default.attempt_timeout),
        };
        if let Some(table) = table.filter(|_| problems.len() == before) {
            super::rules::timeouts(&config, table, problems);
        }
        config
    }
}

impl ShutdownConfig {
    pub(super) fn read(table: Option<&Table>, problems: &mut Vec<Problem>) -> Self {
        let own = Own::section(table, "shutdown");
        let grace = own.time("grace", problems);
        grace.map_or_else(Self::default, |grace| Self { grace })
    }
}

#[cfg(feature = "telemetry")]
impl crate::config::TelemetryConfig {
    pub(super) fn read(table: Option<&Table>, problems: &mut Vec<Problem>) -> Self {
        let own = Own::section(table, "telemetry");
        let default = Self::default();
        let message_body_size = default.message_body_size;
        Self {
            #[cfg(feature = "otlp")]
            otlp: own.flag("otlp", default.otlp, problems),
            #[cfg(feature = "prometheus")]
            prometheus: own.flag("prometheus", default.prometheus, problems),
            #[cfg(feature = "tracing")]
            log_events: own.flag("log_events", default.log_events, problems),
            report_interval: own
                .time("report_interval", problems)
                .unwrap_or(default.report_interval),
            history: own.whole("history", problems),
            queue: own.whole("queue", problems).unwrap_or(default.queue),
            own_series: own
                .whole("own_series", problems)
                .unwrap_or(default.own_series),
            message_body_size: own.flag("message_body_size", message_body_size, problems),
        }
    }
}

#[cfg(feature = "dashboard")]
impl crate::config::DashboardConfig {
    pub(super) fn read(table: Option<&Table>, problems: &mut Vec<Problem>) -> Self {
        let own = Own::section(table, "dashboard");
        let default = Self::default();
        Self {
            enabled: own.flag("enabled", default.enabled, problems),
            listen: own
                .read("listen", problems, address)
                .unwrap_or(default.listen),
            path: own.read("path", problems, path).unwrap_or(default.path),
            hosts: own.read("hosts", problems, hosts),
            controls_token: own.text("controls_token", problems).map(Into::into),
            max_subscribers: own
                .whole("max_subscribers", problems)
                .unwrap_or(default.max_subscribers),
            max_stream_age: own
                .time("max_stream_age", problems)
                .unwrap_or(default.max_stream_age),
            events: own.whole("events", problems).unwrap_or(default.events),
        }
    }
}

#[cfg(feature = "amqp")]
impl crate::config::AmqpConfig {
    pub(super) fn read(table: &Table, problems: &mut Vec<Problem>) -> Self {
        let own = Own::section(Some(table), "amqp");
        let before = problems.len();
        let config = Self {
            name: own.text("name", problems).unwrap_or(Self::default().name),
            uri: own.text("uri", problems).map(Into::into),
            uris: own
                .read("uris", problems, texts)
                .map(|uris| uris.into_iter().map(Into::into).collect()),
            shuffle: own.read("shuffle", problems, flag),
            one_connection: own.read("one_connection", problems, flag),
            connect_timeout: own.time("connect_timeout", problems),
            heartbeat: own.time("heartbeat", problems),
            base_backoff: own.time("base_backoff", problems),
            max_backoff: own.time("max_backoff", problems),
            failure_threshold: own.whole("failure_threshold", problems),
            open_for: own.time("open_for", problems),
            max_channels: own.whole("max_channels", problems),
            max_waiting: own.whole("max_waiting", problems),
            checkout_timeout: own.time("checkout_timeout", problems),
            channel_timeout: own.time("channel_timeout", problems),
            topology_timeout: own.time("topology_timeout", problems),
        };
        let unread: Vec<_> = problems[before..]
            .iter()
            .filter_map(|problem| Some(problem.key.strip_prefix("amqp.")?.to_owned()))
            .collect();
        super::rules::amqp(&config, &unread, table, problems);
        config
    }
}

fn flag(value: &Value, _: Kind) -> Result<bool, String> {
    value
        .as_bool()
        .ok_or_else(|| "must be true or false".to_owned())
}

fn text(value: &Value, _: Kind) -> Result<String, String> {
    match value.as_str() {
        Some("") => Err("must not be empty".to_owned()),
        Some(text) => Ok(text.to_owned()),
        None => Err("must be a string".to_owned()),
    }
}

#[cfg(any(feature = "amqp", feature = "dashboard"))]
fn texts(value: &Value, _: Kind) -> Result<Vec<String>, String> {
    let texts = value.as_array().and_then(|list| {
        let texts = list.iter().map(|text| text.as_str().map(str::to_owned));
        texts.collect::<Option<Vec<_>>>()
    });
    texts.ok_or_else(|| "must be a list of strings".to_owned())
}

#[cfg(any(feature = "amqp", feature = "telemetry", feature = "dashboard"))]
fn whole<T: TryFrom<u64>>(value: &Value, kind: Kind) -> Result<T, String> {
    let Kind::Whole(least, most) = kind else {
        return Err("unknown key".to_owned());
    };
    let number = value
        .as_integer()
        .and_then(|number| u64::try_from(number).ok());
    let number = number.filter(|number| (least..=most).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| {
        if most < i64::MAX as u64 {
            format!("must be a whole number from {least} to {most}")
        } else {
            format!("must be a whole number, at least {least}")
        }
    })
}

/// As the patterns read theirs: by asking one of them.
fn time(value: &Value, kind: Kind) -> Result<Duration, String> {
    let table = toml::Table::from_iter([("max_retry_after".to_owned(), value.clone())]);
    let read: Result<crate::retry::Config, _> = Value::Table(table).try_into();
    let time = match read {
        Ok(read) => read.max_retry_after,
        Err(error) => {
            let said = super::message::parts(error.message());
            return Err(said.first().map_or("", |said| said.rule).to_owned());
        }
    };
    if matches!(kind, Kind::PositiveTime) && time.is_zero() {
        return Err("must be longer than zero".to_owned());
    }
    Ok(time)
}

#[cfg(feature = "dashboard")]
fn address(value: &Value, _: Kind) -> Result<std::net::SocketAddr, String> {
    let address = value.as_str().and_then(|text| text.parse().ok());
    address.ok_or_else(|| "must be an address and a port like \"127.0.0.1:4000\"".to_owned())
}

/// By the rule of the dashboard, which says which of them breaks it.
#[cfg(feature = "dashboard")]
fn hosts(value: &Value, kind: Kind) -> Result<Vec<String>, String> {
    let hosts = texts(value, kind)?;
    let telemetry = steadfast_telemetry::Telemetry::new();
    let builder = crate::dashboard::Dashboard::builder(&telemetry).hosts(hosts.iter());
    match builder.check() {
        Ok(()) => Ok(hosts),
        Err(error) => {
            let broken = error.fields().iter();
            let broken = broken.map(|field| format!("{} {}", field.value, field.rule));
            Err(broken.collect::<Vec<_>>().join("; "))
        }
    }
}

/// A path that a router takes as it is.
#[cfg(feature = "dashboard")]
fn path(value: &Value, _: Kind) -> Result<String, String> {
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte))
    };
    let path = value.as_str().filter(|path| {
        path.strip_prefix('/')
            .is_some_and(|parts| parts.split('/').all(is_plain))
    });
    let rule = "must be a path like \"/resilience\", of letters, digits, -, _, . and ~";
    path.map(str::to_owned).ok_or_else(|| rule.to_owned())
}

fn told(kind: Kind, value: &Value) -> String {
    match value {
        Value::String(_) if kind.is_secret() => "..".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
        Value::Float(number) => format!("{number:?}"),
        Value::String(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
