//! The checks that a supervisor registers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use steadfast_health::{Check, CheckConfig, Monitor, Outcome, ReconfigureError, checks};

use super::about::About;
use super::error::Problem;
use super::set::Set;
use super::tasks::{TaskState, Tasks};
use crate::config::HealthConfig;

/// What sections of the file say of checks, by their names.
pub(super) type Overrides = BTreeMap<String, CheckConfig>;

/// Registers a check for each component, under the names of the ready-made ones: `breaker/NAME`,
/// `bulkhead/NAME`, `http/NAME`.
pub(super) fn register(monitor: &Monitor, set: &Set, overrides: &Overrides) -> Vec<Problem> {
    let checks = checks_of(set).into_iter();
    let added = checks.map(|(name, check)| add(monitor, &name, check, overrides));
    added.filter_map(Result::err).collect()
}

/// Goes over to other settings of the monitor and of its checks, those of the program included: to all of them or to
/// none. What is said of a check that is not there is for whoever registers it.
pub(super) fn go_over(
    monitor: &Monitor,
    before: &HealthConfig,
    now: &HealthConfig,
) -> Result<(), Problem> {
    let names: BTreeSet<_> = before.checks.keys().chain(now.checks.keys()).collect();
    loop {
        let report = monitor.get_health();
        let changed = names.iter().filter(|name| {
            before.checks.get(**name) != now.checks.get(**name) && report.component(name).is_some()
        });
        let checks = changed.map(|name| (name, now.checks.get(*name).cloned().unwrap_or_default()));
        match monitor.reconfigure(now.monitor.clone(), checks) {
            Ok(()) => return Ok(()),
            // The program has taken one of them out since; nothing has changed.
            Err(ReconfigureError::Unknown { .. }) => {}
            Err(error) => return Err(Problem::new("health", error)),
        }
    }
}

/// Takes the checks of what is gone out, and registers those of what is new, and those that could not be registered
/// before. What has the name of one of these is a check of the program's, and stays.
pub(super) fn exchange(
    monitor: &Monitor,
    before: &Set,
    set: &mut Set,
    overrides: &Overrides,
) -> Vec<Problem> {
    let gone = checks_of(&before.without(set)).into_iter();
    let gone = gone.map(|(name, _)| name);
    monitor.deregister_all(gone.filter(|name| !before.unchecked.contains(name)));
    let mut checks = checks_of(&set.without(before));
    if !before.unchecked.is_empty() {
        let again = checks_of(set).into_iter();
        checks.extend(again.filter(|(name, _)| before.unchecked.contains(name)));
    }
    let mut problems = Vec::new();
    set.unchecked = BTreeSet::new();
    for (name, check) in checks {
        if let Err(problem) = add(monitor, &name, check, overrides) {
            problems.push(problem);
            set.unchecked.insert(name);
        }
    }
    problems
}

fn checks_of(set: &Set) -> Vec<(String, Check)> {
    let mut all = Vec::new();
    for (name, breaker) in &set.breakers {
        all.push((format!("breaker/{name}"), checks::breaker(breaker)));
    }
    for (name, bulkhead) in &set.bulkheads {
        all.push((format!("bulkhead/{name}"), checks::bulkhead(bulkhead)));
    }
    #[cfg(feature = "http")]
    for (name, client) in &set.clients {
        all.push((format!("http/{name}"), client.health_check()));
    }
    all
}

/// Registers one check, with what the file says of it.
pub(super) fn add(
    monitor: &Monitor,
    name: &str,
    check: Check,
    overrides: &Overrides,
) -> Result<(), Problem> {
    let config = overrides.get(name).cloned().unwrap_or_default();
    let registered = monitor.register(check.config(config));
    registered.map_err(|error| Problem::new(format!("health.checks.{name}"), error))
}

/// A check named `switches`: degraded while something is switched off by configuration.
pub(super) fn switches(about: &Arc<About>) -> Check {
    let about = Arc::downgrade(about);
    Check::new(SWITCHES, move || {
        let off = about.upgrade().map(|about| about.switches().to_string());
        async move {
            match off {
                Some(off) if !off.is_empty() => Outcome::degraded(off),
                _ => Outcome::healthy(),
            }
        }
    })
    .optional()
}

/// A check named `tasks`: degraded while one of them waits to be restarted.
pub(super) fn tasks(all: [Tasks; 2]) -> Check {
    Check::new(TASKS, move || {
        let down: Vec<_> = all
            .iter()
            .flat_map(Tasks::snapshot)
            .filter(|task| matches!(task.state, TaskState::Waiting { .. }))
            .map(|task| match task.last_panic {
                Some(panic) => format!("{} (panicked: {panic})", task.name),
                None => task.name.to_string(),
            })
            .collect();
        async move {
            if down.is_empty() {
                Outcome::healthy()
            } else {
                Outcome::degraded(format!("waiting to be restarted: {}", down.join(", ")))
            }
        }
    })
    .optional()
}

/// A check named `shutdown`, registered when it begins: it has no result at first, and is unhealthy then, so
/// the service is not ready from that moment on.
pub(super) fn shutdown() -> Check {
    Check::new("shutdown", || async {
        Outcome::unhealthy("the service is shutting down")
    })
    .required()
    .liveness(false)
    .startup(false)
}

pub(super) const SWITCHES: &str = "switches";

pub(super) const TASKS: &str = "tasks";
