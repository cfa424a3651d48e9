//! The metrics of the supervisor and its tasks.

use steadfast_telemetry::{Attribute, Instrument};

pub(super) const OUTCOME: &str = "resilience.outcome";

pub(super) const TASK_RESTARTS: Instrument = Instrument::counter(
    "resilience.task.restarts",
    "{restart}",
    "How often a supervised task was started again.",
);

pub(super) const TASK_FALLS: Instrument = Instrument::counter(
    "resilience.task.falls",
    "{fall}",
    "Runs of a supervised task that panicked, or ended although nobody had asked for it.",
)
.by(&[Attribute::one_of(OUTCOME, &["panicked", "ended"])]);

pub(super) const TASK_RUNNING: Instrument = Instrument::up_down_counter(
    "resilience.task.running",
    "{task}",
    "1 while a supervised task runs, 0 while it waits to be started again or has stopped.",
);

/// Those of a task.
pub(super) const TASK: &[Instrument] = &[TASK_RESTARTS, TASK_FALLS, TASK_RUNNING];

pub(super) const SWITCH: &str = "resilience.switch";

pub(super) const RELOADS: Instrument = Instrument::counter(
    "resilience.supervisor.reloads",
    "{reload}",
    "Times that the settings were read again: applied, the same as before, or refused because they were wrong.",
)
.by(&[Attribute::one_of(OUTCOME, &["applied", "unchanged", "refused"])]);

pub(super) const SWITCHED_OFF: Instrument = Instrument::up_down_counter(
    "resilience.supervisor.switched_off",
    "{switch}",
    "1 while a kill switch has switched something off, 0 otherwise.",
)
.by(&[Attribute::one_of(
    SWITCH,
    &["circuit_breakers", "bulkheads", "retry"],
)]);

pub(super) const NEEDS_RESTART: Instrument = Instrument::up_down_counter(
    "resilience.supervisor.pending_settings",
    "{setting}",
    "Settings that have changed and wait for the program to be started again.",
);

/// Those of the supervisor.
pub(super) const SUPERVISOR: &[Instrument] = &[RELOADS, SWITCHED_OFF, NEEDS_RESTART];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_has_every_metric_with_its_attributes() {
        let readme = include_str!("../../README.md");
        for instrument in SUPERVISOR.iter().chain(TASK) {
            let name = instrument.name();
            let row = readme
                .lines()
                .find(|line| line.starts_with(&format!("| `{name}` |")));
            let row = row.unwrap_or_else(|| panic!("no row of {name}"));
            for attribute in instrument.attributes() {
                assert!(row.contains(&format!("`{}`", attribute.key())), "{name}");
                for value in attribute.values().unwrap_or_default() {
                    assert!(row.contains(&format!("`{value}`")), "{name}: {value}");
                }
            }
        }
    }
}
