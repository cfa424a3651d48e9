//! The row of the supervisor, its tasks, and the page for operators.

use super::panel::Panel;

pub(super) fn service() -> Vec<Panel> {
    vec![
        Panel::lines("Tasks down", "Supervised tasks that do not run now: they wait to be started again, or have stopped.")
            .query("sum by (instance, resilience_name) (1 - resilience_task_running{@name})", "{{resilience_name}} on {{instance}}"),
        Panel::lines("Falls of tasks", "Runs of supervised tasks that panicked, or ended although nobody had asked for it.").query(
            "sum by (resilience_name, resilience_outcome) (increase(resilience_task_falls_total{@name}[$__rate_interval]))",
            "{{resilience_name}} {{resilience_outcome}}",
        ),
        Panel::lines("Restarts of tasks", "Supervised tasks that were started again. Fewer than the falls: they wait longer and longer.").query(
            "sum by (resilience_name) (increase(resilience_task_restarts_total{@name}[$__rate_interval]))",
            "{{resilience_name}}",
        ),
        Panel::lines("Switched off", "Instances on which a kill switch has switched circuit breakers, bulkheads or retries off.").query(
            "sum by (resilience_switch) (resilience_supervisor_switched_off{@name})",
            "{{resilience_switch}}",
        ),
        Panel::lines("Settings read again", "Applied, the same as before, or refused because they were wrong.").query(
            "sum by (resilience_name, resilience_outcome) (increase(resilience_supervisor_reloads_total{@name}[$__rate_interval]))",
            "{{resilience_name}} {{resilience_outcome}}",
        ),
        Panel::lines("Settings that wait", "Settings that have changed and take effect when the program is started again.").query(
            "sum by (instance, resilience_name) (resilience_supervisor_pending_settings{@name})",
            "{{resilience_name}} on {{instance}}",
        ),
        Panel::lines("Live pages", "Pages for operators that are open now.")
            .query("sum by (instance) (resilience_dashboard_streams{@target})", "{{instance}}"),
        Panel::lines("Pages without a place", "Pages that could not be live as too many were, and those that took nothing any more.")
            .query("sum by (instance) (increase(resilience_dashboard_streams_refused_total{@target}[$__rate_interval]))", "refused on {{instance}}")
            .query("sum by (instance) (increase(resilience_dashboard_streams_dropped_total{@target}[$__rate_interval]))", "dropped on {{instance}}"),
        Panel::lines("Controls", "What operators asked for on these pages: done, denied as they may not, or refused as it could not be done.").query(
            "sum by (resilience_action, resilience_outcome) (increase(resilience_dashboard_controls_total{@target}[$__rate_interval]))",
            "{{resilience_action}} {{resilience_outcome}}",
        ),
    ]
}
