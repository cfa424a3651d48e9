//! What is active, and where each value came from.

mod lines;

use std::fmt;

use self::lines::Lines;
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
pub fn describe(loaded: &Loaded) -> impl fmt::Display + '_ {
    Description(loaded)
}

struct Description<'l>(&'l Loaded);

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(loaded) = self;
        let config = loaded.config();
        write!(f, "# service {}", config.service.name)?;
        if let Some(version) = &config.service.version {
            write!(f, " {version}")?;
        }
        let files: Vec<_> = loaded
            .files()
            .map(|file| file.display().to_string())
            .collect();
        writeln!(f, "\n# files: {}", list(&files))?;
        if !loaded.ignored.is_empty() {
            writeln!(
                f,
                "# variables that mean nothing here: {}",
                list(&loaded.ignored)
            )?;
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
    fn names<T>(components: &std::collections::BTreeMap<String, T>) -> Vec<String> {
        components.keys().cloned().collect()
    }
    let mut all = vec![
        ("circuit breakers", names(&config.circuit_breakers)),
        ("retries", names(&config.retries)),
        ("bulkheads", names(&config.bulkheads)),
    ];
    #[cfg(feature = "http")]
    all.push(("http clients", names(&config.http_clients)));
    #[cfg(feature = "amqp")]
    {
        let amqp = config.amqp.iter().map(|amqp| amqp.name.clone());
        all.push(("amqp connection", amqp.collect()));
    }
    #[cfg(feature = "health")]
    all.push(("health checks with settings", names(&config.health.checks)));
    #[cfg(feature = "dashboard")]
    {
        let super::DashboardConfig {
            enabled,
            listen,
            path,
            controls_token,
            ..
        } = &config.dashboard;
        let controls = if controls_token.is_some() {
            "with controls"
        } else {
            "without controls"
        };
        let page = enabled.then(|| format!("http://{listen}{path} {controls}"));
        all.push(("dashboard", page.into_iter().collect()));
    }
    all
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
