//! The rows of circuit breakers and of bulkheads.

use super::panel::{COMPONENT, Panel};

pub(super) fn breakers() -> Vec<Panel> {
    vec![
        Panel::states("State", "Closed lets calls through, open rejects them, half open tries a few.", STATES).columns(12).query(
            r#"1 * sum without (resilience_state) (resilience_circuit_breaker_state{@name,resilience_name!~".+/other",resilience_state="half_open"}) + 2 * sum without (resilience_state) (resilience_circuit_breaker_state{@name,resilience_name!~".+/other",resilience_state="open"})"#,
            COMPONENT,
        ),
        Panel::states("Mode", "Who decides: the breaker itself (automatic, shadow) or an operator.", MODES).columns(12).query(
            r#"1 * sum without (resilience_mode) (resilience_circuit_breaker_mode{@name,resilience_name!~".+/other",resilience_mode="shadow"}) + 2 * sum without (resilience_mode) (resilience_circuit_breaker_mode{@name,resilience_name!~".+/other",resilience_mode="disabled"}) + 3 * sum without (resilience_mode) (resilience_circuit_breaker_mode{@name,resilience_name!~".+/other",resilience_mode="forced_closed"}) + 4 * sum without (resilience_mode) (resilience_circuit_breaker_mode{@name,resilience_name!~".+/other",resilience_mode="forced_open"})"#,
            COMPONENT,
        ),
        Panel::lines("Not closed in the rest of groups", "How many of the circuit breakers that have no series of their own are open or half open.")
            .query(r#"resilience_circuit_breaker_state{@name,resilience_name=~".+/other",resilience_state=~"open|half_open"}"#, "{{resilience_name}} {{resilience_state}} on {{instance}}"),
        Panel::lines("Calls", "Calls that ended or were rejected, by outcome.").unit("reqps").query(
            "sum by (resilience_outcome) (rate(resilience_circuit_breaker_calls_total{@name}[$__rate_interval]))",
            "{{resilience_outcome}}",
        ),
        Panel::lines("Rejected calls", "Calls that were not let through.").unit("reqps").query(
            r#"sum by (resilience_name) (rate(resilience_circuit_breaker_calls_total{@name,resilience_outcome="rejected"}[$__rate_interval]))"#,
            "{{resilience_name}}",
        ),
        Panel::lines("Failures and slow calls", "The shares of the window that can open the breaker. No value without such a rule, or with too few calls.").unit("percentunit")
            .query("resilience_circuit_breaker_failure_ratio{@name}", "failed: {{resilience_name}} on {{instance}}")
            .query("resilience_circuit_breaker_slow_call_ratio{@name}", "slow: {{resilience_name}} on {{instance}}"),
        Panel::lines("Consecutive failures", "Failures in a row that still count.")
            .query("resilience_circuit_breaker_consecutive_failures{@name}", COMPONENT),
        Panel::lines("In flight", "Calls that were let through and have not ended, and those of them that are slow by now.")
            .query("sum by (resilience_name) (resilience_circuit_breaker_in_flight{@name})", "{{resilience_name}}")
            .query("sum by (resilience_name) (resilience_circuit_breaker_slow_in_flight{@name})", "slow: {{resilience_name}}"),
        Panel::lines("Transitions", "How often each state was entered.").query(
            "sum by (resilience_name, resilience_state) (increase(resilience_circuit_breaker_transitions_total{@name}[$__rate_interval]))",
            "{{resilience_name}} {{resilience_state}}",
        ),
        Panel::lines("Calls in the window", "What the shares are taken of.")
            .query("resilience_circuit_breaker_window_calls{@name}", COMPONENT),
        Panel::lines("Slow calls, and what shadow mode lets through", "Calls that ended and were slow; calls that would have been rejected in another mode.").unit("reqps")
            .query("sum by (resilience_name) (rate(resilience_circuit_breaker_slow_calls_total{@name}[$__rate_interval]))", "slow: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(resilience_circuit_breaker_would_reject_total{@name}[$__rate_interval]))", "would reject: {{resilience_name}}"),
        Panel::lines("Panics and late results", "Calls that panicked, results from before the last transition, observers that panicked.")
            .query("sum by (resilience_name) (increase(resilience_circuit_breaker_panics_total{@name}[$__rate_interval]))", "panics: {{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_circuit_breaker_stale_results_total{@name}[$__rate_interval]))", "late: {{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_circuit_breaker_observer_panics_total{@name}[$__rate_interval]))", "observers: {{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_circuit_breaker_keyed_observer_panics_total{@name}[$__rate_interval]))", "observers of set {{resilience_name}}"),
        Panel::lines("Time to wait", "Until an open breaker lets a probe through, and until a mode ends by itself.").unit("s")
            .query("resilience_circuit_breaker_retry_after_seconds{@name}", "probe: {{resilience_name}} on {{instance}}")
            .query("resilience_circuit_breaker_mode_remaining_seconds{@name}", "mode: {{resilience_name}} on {{instance}}"),
        Panel::lines("Ramping up", "The share of calls that is let through after closing, up to all of them.").unit("percentunit")
            .query("resilience_circuit_breaker_ramp_up_ratio{@name}", COMPONENT),
        Panel::lines("Sets of breakers", "Keys, each with a breaker of its own, and how many there may be.")
            .query("sum by (resilience_name) (resilience_circuit_breaker_keyed_keys{@name})", "{{resilience_name}}")
            .query("sum by (resilience_name) (resilience_circuit_breaker_keyed_limit{@name})", "limit of {{resilience_name}}"),
        Panel::lines("Sets of breakers at work", "Keys that came and went, and uses of a key for which there was no room.").unit("ops")
            .query("sum by (resilience_name, resilience_outcome) (rate(resilience_circuit_breaker_keyed_changes_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}")
            .query("sum by (resilience_name) (rate(resilience_circuit_breaker_keyed_overflowed_total{@name}[$__rate_interval]))", "{{resilience_name}} no room"),
    ]
}

pub(super) fn bulkheads() -> Vec<Panel> {
    vec![
        Panel::lines("Places taken", "The share of places in use, the fullest instance.").unit("percentunit")
            .query("max by (resilience_name) (resilience_bulkhead_in_flight{@name} / (resilience_bulkhead_limit{@name} > 0))", "{{resilience_name}}"),
        Panel::lines("In use, and how many there are", "Places taken and places there are, over all instances.")
            .query("sum by (resilience_name) (resilience_bulkhead_in_flight{@name})", "{{resilience_name}}")
            .query("sum by (resilience_name) (resilience_bulkhead_limit{@name})", "limit of {{resilience_name}}"),
        Panel::lines("Rejected", "Callers that got no place, by reason.").unit("reqps")
            .query("sum by (resilience_name, error_type) (rate(resilience_bulkhead_rejected_total{@name}[$__rate_interval]))", "{{resilience_name}} {{error_type}}"),
        Panel::lines("Queue", "Callers that wait, and how many may.")
            .query("sum by (resilience_name) (resilience_bulkhead_queued{@name})", "{{resilience_name}}")
            .query("sum by (resilience_name) (resilience_bulkhead_queue_limit{@name})", "limit of {{resilience_name}}"),
        Panel::lines("Time in the queue", "The mean wait of those who had to wait and got a place.").unit("s").query(
            r#"sum by (resilience_name) (rate(resilience_bulkhead_queue_time_seconds_total{@name}[$__rate_interval])) / (sum by (resilience_name) (rate(resilience_bulkhead_acquired_total{@name,resilience_outcome="after_wait"}[$__rate_interval])) > 0)"#,
            "{{resilience_name}}",
        ),
        Panel::lines("Places given out", "At once or after a wait, and callers that went away while they waited.").unit("reqps")
            .query("sum by (resilience_outcome) (rate(resilience_bulkhead_acquired_total{@name}[$__rate_interval]))", "{{resilience_outcome}}")
            .query("sum(rate(resilience_bulkhead_abandoned_total{@name}[$__rate_interval]))", "abandoned"),
        Panel::lines("Peaks", "The most places ever taken, and the most callers that ever waited, since the start.")
            .query("max by (resilience_name) (resilience_bulkhead_peak_in_flight{@name})", "taken: {{resilience_name}}")
            .query("max by (resilience_name) (resilience_bulkhead_peak_queued{@name})", "waiting: {{resilience_name}}"),
        Panel::lines("Resources of pools", "Idle and lent out.")
            .query("sum by (resilience_name, resilience_state) (resilience_pool_resources{@name})", "{{resilience_name}} {{resilience_state}}"),
        Panel::lines("Pools at work", "Resources provided, newly created or used before, and those that left the pool.").unit("ops")
            .query("sum by (resilience_name, resilience_outcome) (rate(resilience_pool_served_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}")
            .query("sum by (resilience_name, resilience_reason) (rate(resilience_pool_discarded_total{@name}[$__rate_interval]))", "{{resilience_name}} discarded: {{resilience_reason}}"),
        Panel::lines("Calls that ended, and how long they took", "The mean time that a place was held, where that is measured.").unit("s").query(
            "sum by (resilience_name) (rate(resilience_bulkhead_hold_time_seconds_total{@name}[$__rate_interval])) / (sum by (resilience_name) (rate(resilience_bulkhead_completed_total{@name}[$__rate_interval])) > 0)",
            "{{resilience_name}}",
        ),
        Panel::lines("Queue by priority", "Callers that wait, and those that had to make room for more important ones.")
            .query("sum by (resilience_name, resilience_priority) (resilience_bulkhead_queued_by_priority{@name})", "{{resilience_name}} {{resilience_priority}}")
            .query("sum by (resilience_name) (increase(resilience_bulkhead_displaced_total{@name}[$__rate_interval]))", "{{resilience_name}} displaced"),
        Panel::lines("Sets of bulkheads", "Keys, each with a bulkhead of its own, how many there may be, and how they come and go.")
            .query("sum by (resilience_name) (resilience_bulkhead_keyed_keys{@name})", "{{resilience_name}}")
            .query("sum by (resilience_name) (resilience_bulkhead_keyed_limit{@name})", "limit of {{resilience_name}}")
            .query("sum by (resilience_name, resilience_outcome) (increase(resilience_bulkhead_keyed_changes_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}")
            .query("sum by (resilience_name) (increase(resilience_bulkhead_keyed_overflowed_total{@name}[$__rate_interval]))", "{{resilience_name}} no room"),
        Panel::lines("Failures to create", "Attempts to create a resource that brought none.").unit("ops").columns(12)
            .query("sum by (resilience_name, error_type) (rate(resilience_pool_create_failures_total{@name}[$__rate_interval]))", "{{resilience_name}} {{error_type}}"),
        Panel::lines("Panics of observers", "Observers of bulkheads, and of sets of them, that panicked.").columns(12)
            .query("sum by (resilience_name) (increase(resilience_bulkhead_observer_panics_total{@name}[$__rate_interval]))", "{{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_bulkhead_keyed_observer_panics_total{@name}[$__rate_interval]))", "set {{resilience_name}}"),
    ]
}

const STATES: &[(&str, &str)] = &[
    ("closed", "green"),
    ("half open", "yellow"),
    ("open", "red"),
];

const MODES: &[(&str, &str)] = &[
    ("automatic", "green"),
    ("shadow", "blue"),
    ("disabled", "purple"),
    ("forced closed", "yellow"),
    ("forced open", "red"),
];
