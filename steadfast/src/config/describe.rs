//! What is active, and where each value came from.

mod lines;

use std::collections::BTreeMap;
use std::fmt;

use self::lines::Lines;
use super::origin::one_line;
use super::{Config, Loaded};

/// Tells what a configuration amounts to: what is switched off, what is built, and every key with its value
/// and where that came from. No secret is in it.
///
/// # Examples
/// ```
/// use steadfast::config::{Loader, describe};
///
/// let loaded = Loader::new().text("steadfast.toml", "[retry]\nmax_attempts = 3").load()?;
/// let told = describe(&loaded).to_string();
/// assert!(told.contains("retry.max_attempts = 3 # steadfast.toml:2:1"));
/// assert!(told.contains("retry.max_backoff = \"30s\" # default"));
/// # Ok::<_, steadfast::config::ConfigErrors>(())
/// ```
#[must_use]
pub fn describe(loaded: &Loaded) -> impl fmt::Display + '_ {
    Description(loaded)
}

struct Description<'l>(&'l Loaded);

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(loaded) = self;
        let config = loaded.config();
        write!(f, "# service {}", one_line(&config.service.name))?;
        if let Some(version) = &config.service.version {
            write!(f, " {}", one_line(version))?;
        }
        let files: Vec<_> = loaded
            .files()
            .map(|file| one_line(&file.to_string_lossy()))
            .collect();
        writeln!(f, "\n# files: {}", list(&files))?;
        let ignored: Vec<_> = loaded.ignored.iter().map(|name| one_line(name)).collect();
        if !ignored.is_empty() {
            writeln!(f, "# variables that mean nothing here: {}", list(&ignored))?;
        }
        for (flag, enabled, consequence) in [
            (
                "circuit_breakers_enabled",
                config.circuit_breakers_enabled,
                "no circuit breaker opens",
            ),
            (
                "bulkheads_enabled",
                config.bulkheads_enabled,
                "no bulkhead limits anything",
            ),
            (
                "retry_enabled",
                config.retry_enabled,
                "nothing is attempted twice",
            ),
        ] {
            if !enabled {
                let origin = loaded.origin(flag);
                writeln!(
                    f,
                    "# SWITCHED OFF: {flag} = false at {origin}: {consequence}"
                )?;
            }
        }
        for (what, names) in components(config) {
            writeln!(f, "# {what}: {}", list(&names))?;
        }
        // Whatever came out of TOML goes into it.
        let values = toml::Table::try_from(config).unwrap_or_default();
        Lines::of(loaded, &values).fmt(f)
    }
}

/// What is built, by kind.
fn components(config: &Config) -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("circuit breakers", names(&config.circuit_breakers)),
        ("retries", names(&config.retries)),
        ("bulkheads", names(&config.bulkheads)),
        #[cfg(feature = "http")]
        ("http clients", names(&config.http_clients)),
        #[cfg(feature = "amqp")]
        ("amqp connection", {
            let amqp = config.amqp.iter();
            amqp.map(|amqp| one_line(&amqp.name)).collect()
        }),
        #[cfg(feature = "health")]
        ("health checks with settings", names(&config.health.checks)),
        #[cfg(feature = "dashboard")]
        ("dashboard", dashboard(&config.dashboard)),
    ]
}

fn names<T>(components: &BTreeMap<String, T>) -> Vec<String> {
    components.keys().cloned().collect()
}

#[cfg(feature = "dashboard")]
fn dashboard(config: &super::DashboardConfig) -> Vec<String> {
    let controls = match config.controls_token {
        Some(_) => "with controls",
        None => "without controls",
    };
    let page = || format!("http://{}{} {controls}", config.listen, config.path);
    config.enabled.then(page).into_iter().collect()
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
