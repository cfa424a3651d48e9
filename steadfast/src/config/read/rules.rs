//! The rules between settings that no crate's reading of one table looks at.

use crate::config::error::Problem;
use crate::config::origin::Origin;
use crate::config::sources::join;
use crate::config::tree::Table;

/// What the connection's builder would complain of. What could not be read has its default there, of which
/// nothing is to be said.
#[cfg(feature = "amqp")]
pub(super) fn amqp(
    config: &crate::config::AmqpConfig,
    unread: &[String],
    table: &Table,
    problems: &mut Vec<Problem>,
) {
    if let (Some((_, origin)), Some(_)) = (table.leaf("uris"), table.leaf("uri")) {
        let rule = "must not come with uri";
        problems.push(Problem::new(origin.clone(), "amqp.uris", "a list", rule));
    }
    let Err(error) = config.builder().check() else {
        return;
    };
    let is_unread = |word: &str| unread.iter().any(|key| key == word);
    for field in error.fields() {
        let mut words = super::words(field.rule);
        if is_unread(field.field) || words.any(is_unread) {
            continue;
        }
        let origin = super::blamed(table, field.field, field.rule);
        let origin = origin.or_else(|| table.origin.clone());
        let origin = origin.unwrap_or(Origin::Default);
        let key = join("amqp", field.field);
        problems.push(Problem::new(origin, key, &field.value, field.rule));
    }
}

/// What the builder of a policy would complain of.
pub(super) fn timeouts(
    config: &crate::config::LlmRequestsConfig,
    table: &Table,
    problems: &mut Vec<Problem>,
) {
    if config.attempt_timeout <= config.total_timeout {
        return;
    }
    // Only one of them may be given.
    let (key, value, rule) = match table.origin_of("attempt_timeout") {
        Some(_) => (
            "attempt_timeout",
            config.attempt_timeout,
            "must not be longer than total_timeout",
        ),
        None => (
            "total_timeout",
            config.total_timeout,
            "must not be shorter than attempt_timeout",
        ),
    };
    let origin = table.origin_of(key).unwrap_or(Origin::Default);
    let value = humantime::format_duration(value);
    let key = join("llm_requests", key);
    problems.push(Problem::new(origin, key, value, rule));
}

/// What a monitor would complain of when the check is registered.
#[cfg(feature = "health")]
pub(super) fn staleness(
    monitor: &crate::health::MonitorConfig,
    check: &crate::health::CheckConfig,
    table: &Table,
    path: &str,
    problems: &mut Vec<Problem>,
) {
    use std::time::Duration;

    let Some(staleness) = check.staleness else {
        return;
    };
    let interval = check.interval.unwrap_or(monitor.interval);
    let timeout = check.timeout.unwrap_or(monitor.timeout);
    let longest = Duration::try_from_secs_f64(interval.as_secs_f64() * (1.0 + monitor.jitter))
        .unwrap_or(Duration::MAX)
        .saturating_add(timeout);
    if staleness <= longest {
        let rule = "must be longer than one interval with its jitter plus the timeout";
        let origin = table.origin_of("staleness").unwrap_or(Origin::Default);
        let value = humantime::format_duration(staleness);
        problems.push(Problem::new(origin, join(path, "staleness"), value, rule));
    }
}
