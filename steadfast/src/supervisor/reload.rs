//! Going over to other settings while everything runs.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use steadfast_telemetry::NoticeLevel;

use super::about::Reloaded;
use super::change::{self, Change};
use super::error::ReloadError;
use super::plan::Plan;
use super::set::{Next, Set, Stays};
use super::{Running, Shared, Supervisor, health, start, switches};
use crate::bulkhead::Bulkhead;
use crate::config::Config;

/// What has become of settings that were read again.
///
/// `Display` has a line for each setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ReloadReport {
    /// What is in force now. A component that is gone from the file is retired: who has it keeps it.
    pub applied: Vec<Change>,
    /// What has changed in the file and stays as it was until the program is started again, with the reason.
    pub needs_restart: Vec<Change>,
    /// How many settings are the same as before.
    pub unchanged: usize,
}

impl ReloadReport {
    /// Whether all settings are the same as before.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        self.applied.is_empty() && self.needs_restart.is_empty()
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.applied {
            writeln!(f, "applied: {change}")?;
        }
        for change in &self.needs_restart {
            writeln!(f, "needs a restart: {change}")?;
        }
        write!(f, "unchanged: {} settings", self.unchanged)
    }
}

impl Supervisor {
    /// Reads the file and the environment again and goes over to what they say, in place: counts, open
    /// circuits and calls in flight stay. A new component is added. Whatever cannot change while in use is kept until the
    /// program is started again, and listed. Two reloads never run at a time.
    ///
    /// One that is gone from the file is retired: nobody gets it from the supervisor any more, and it has no check and
    /// no controls. Whoever has it goes on with it, by the settings that it had; so long it is shown, the kill switches
    /// hold for it, a shutdown waits for what is under way in it, and it is in [`Snapshot::retired`](super::Snapshot).
    /// If its name is in the file again meanwhile, it is the one that it was.
    ///
    /// Done by itself when the file changes, and at `SIGHUP` in [`run_until_signal`](Self::run_until_signal).
    /// The outcome is also an event ([`EventKind::Notice`](steadfast_telemetry::EventKind::Notice), topic
    /// `reload`).
    ///
    /// # Errors
    /// [`ReloadError`] if the file is wrong, with everything that is wrong, or if a shutdown begins before it is
    /// read: nothing has changed then.
    ///
    /// # Cancel safety
    /// Dropped, it has either changed nothing or everything. A loader that is at work is not stopped by that:
    /// the next reload waits for it.
    pub async fn reload(&self) -> Result<ReloadReport, ReloadError> {
        self.shared.reload().await
    }

    /// [`reload`](Self::reload) with settings that come from elsewhere.
    ///
    /// # Errors
    /// [`ReloadError`] if a component cannot have such settings: nothing has changed then.
    ///
    /// # Cancel safety
    /// As [`reload`](Self::reload).
    pub async fn apply(&self, config: Config) -> Result<ReloadReport, ReloadError> {
        let shared = &self.shared;
        let _turn = shared.turn.lock().await;
        shared.told(shared.go_over(config))
    }
}

impl Shared {
    pub(super) async fn reload(&self) -> Result<ReloadReport, ReloadError> {
        let load = async {
            match &self.origin {
                Some(origin) => origin.load().await.map_err(ReloadError::Load),
                None => Err(ReloadError::NoFile),
            }
        };
        let loaded = tokio::select! {
            biased;
            // A file that takes long to read holds up no shutdown.
            () = self.stopping.cancelled() => Err(ReloadError::Stopping),
            loaded = load => loaded,
        };
        let _turn = self.turn.lock().await;
        // Nothing is loaded before this is in force: what was loaded first is never put in place last.
        self.told(loaded.and_then(|(config, _loading)| self.go_over(config)))
    }

    /// Whoever calls it has the turn.
    fn go_over(&self, config: Config) -> Result<ReloadReport, ReloadError> {
        if self.is_stopping() {
            return Err(ReloadError::Stopping);
        }
        let (old_plan, old, old_config) = {
            let running = self.running.lock();
            let Running {
                plan, json, whole, ..
            } = &*running;
            (Arc::clone(plan), Arc::clone(json), Arc::clone(whole))
        };
        let in_file = Plan::of(&config);
        let set = self.set().whole();
        let whole = set.with_retired(&config, &in_file, &old_config);
        let mut plan = Plan::of(&whole);
        let next = set.next(Some(&old_plan), &plan);
        let next = next.map_err(ReloadError::Settings)?;
        health::go_over(&self.monitor, &old_config.health, &config.health)
            .map_err(|problem| ReloadError::Settings(vec![problem]))?;
        // Everything has been checked; from here on it is done.
        let mut json = written(&config);
        let (changes, unchanged) = change::between(&old, &json);
        let stays = self.apply_next(next, &in_file, &config);
        let mut report = sorted(changes, &of_file(&stays, &in_file), &in_file);
        report.unchanged = unchanged;
        for change in &report.needs_restart {
            change::put_back(&mut json, &old, &change.path);
        }
        // So that it is tried again, and told again, the next time.
        stays.iter().for_each(|one| plan.forget(&one.path));
        let switches = plan.switches;
        let waiting = report.needs_restart.iter().map(Change::key).collect();
        let interval = config.telemetry.report_interval;
        *self.running.lock() = Running {
            config: Arc::new(config),
            whole: Arc::new(whole),
            plan: Arc::new(plan),
            json: Arc::new(json),
        };
        let retired = self.set().retired.clone();
        self.about.changed(switches, waiting, retired);
        // Also if it is the same: the switches may be others.
        self.report_every.send_replace(interval);
        Ok(report)
    }

    fn apply_next(&self, next: Next, plan: &Plan, config: &Config) -> Vec<Stays> {
        let Next { mut set, todo } = next;
        let mut stays: Vec<_> = todo.into_iter().flat_map(super::set::Todo::apply).collect();
        let was_on = self.about.switches().breakers;
        switches::turn(&set, was_on, plan.switches.breakers);
        set.retire(plan);
        let before = self.set();
        let (new, gone) = (set.without(&before), before.without(&set));
        start::watch(&self.telemetry, &new);
        let problems = health::exchange(&self.monitor, &before, &mut set, &config.health.checks);
        stays.extend(problems.into_iter().map(Stays::of_check));
        #[cfg(feature = "dashboard")]
        if let Some(dashboard) = &self.dashboard {
            dashboard.go_over(&new, &gone);
        }
        let before = std::mem::replace(&mut *self.set.write(), Arc::new(set));
        // The last handle of a component may be in there, and code of others in that.
        drop(before);
        if self.is_stopping() {
            // A shutdown in a hurry has not waited for its turn: what was new may have come too late for it.
            new.bulkheads.values().for_each(Bulkhead::close);
        }
        stays
    }

    /// Tells how it has ended.
    fn told(&self, result: Result<ReloadReport, ReloadError>) -> Result<ReloadReport, ReloadError> {
        match &result {
            Ok(report) if report.is_unchanged() => {
                let text = "nothing has changed";
                self.about
                    .reloaded(Reloaded::Unchanged, NoticeLevel::Info, text);
            }
            Ok(report) => {
                let level = match report.needs_restart.is_empty() {
                    true => NoticeLevel::Info,
                    false => NoticeLevel::Warning,
                };
                let text = one_line(&report.to_string());
                self.about.reloaded(Reloaded::Applied, level, &text);
            }
            Err(error) => {
                let why = one_line(&error.to_string());
                let text = format!("not applied, nothing has changed: {why}");
                self.about
                    .reloaded(Reloaded::Refused, NoticeLevel::Error, &text);
            }
        }
        result
    }
}

/// The settings as plain data, to be compared.
pub(super) fn written(config: &Config) -> Value {
    // Only a map whose keys are no texts cannot be written, and there is none.
    serde_json::to_value(config).unwrap_or_default()
}

fn one_line(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("; ")
}

/// What stays and is to be told: what is retired has the settings that it had, and waits for no others.
fn of_file(stays: &[Stays], plan: &Plan) -> Vec<Stays> {
    let is_in_file = |one: &&Stays| match one.path.as_slice() {
        [section, name, ..] => plan.has(section, name),
        _ => true,
    };
    stays.iter().filter(is_in_file).cloned().collect()
}

/// What was applied, and what has to wait.
fn sorted(changes: Vec<Change>, stays: &[Stays], plan: &Plan) -> ReloadReport {
    let mut report = ReloadReport::default();
    let mut told = vec![false; stays.len()];
    for mut change in changes {
        let found = stays
            .iter()
            .position(|one| change.path.starts_with(&one.path));
        if let Some(place) = found {
            told[place] = true;
            change.note = Some(stays[place].why.clone());
        } else {
            change.note = waits(&change).map(str::to_owned);
        }
        if change.note.is_some() {
            report.needs_restart.push(change);
        } else {
            let retired = "retired: who has it keeps it";
            change.note = is_retired(&change, plan).then(|| retired.to_owned());
            report.applied.push(change);
        }
    }
    // What does not go by any setting of the file.
    let rest = stays.iter().zip(told).filter(|(_, told)| !told);
    report.needs_restart.extend(rest.map(|(one, _)| Change {
        path: one.path.clone(),
        from: None,
        to: None,
        note: Some(one.why.clone()),
    }));
    report
}

/// Why a change has to wait, if it has to.
fn waits(change: &Change) -> Option<&'static str> {
    let path: Vec<_> = change.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [
            "circuit_breakers_enabled" | "bulkheads_enabled" | "retry_enabled",
            ..,
        ]
        | [
            "circuit_breaker" | "retry" | "llm_requests" | "health" | "shutdown",
            ..,
        ]
        | ["telemetry", "report_interval"] => None,
        [section, ..] if Set::has_section(section) => None,
        _ => Some("read when the program is started"),
    }
}

/// Whether it is a component that is gone. What is in the plan without being in the file is not.
fn is_retired(change: &Change, plan: &Plan) -> bool {
    match change.path.as_slice() {
        [section, name] if Set::has_section(section) => {
            change.to.is_none() && !plan.has(section, name)
        }
        _ => false,
    }
}
