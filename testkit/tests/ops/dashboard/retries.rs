//! The row of retries, their budgets, and hedges.

use super::panel::{COMPONENT, Panel};

pub(super) fn retries() -> Vec<Panel> {
    vec![
        Panel::lines("Calls", "Calls that ended, by outcome; first_try and after_retry are the good ones.").unit("reqps").query(
            "sum by (resilience_outcome) (rate(resilience_retry_calls_total{@name}[$__rate_interval]))",
            "{{resilience_outcome}}",
        ),
        Panel::lines("Load that retries add", "Retries for each call: 0.5 is one for every two calls.").unit("percentunit").query(
            r#"sum by (resilience_name) (rate(resilience_retry_attempts_total{@name,resilience_attempt="retry"}[$__rate_interval])) / (sum by (resilience_name) (rate(resilience_retry_attempts_total{@name,resilience_attempt="first"}[$__rate_interval])) > 0)"#,
            "{{resilience_name}}",
        ),
        Panel::lines("Budget exhausted", "Calls that failed and were not tried again, as retries had used up their share.").unit("reqps").query(
            r#"sum by (resilience_name) (rate(resilience_retry_calls_total{@name,resilience_outcome="budget"}[$__rate_interval]))"#,
            "{{resilience_name}}",
        ),
        Panel::lines("Attempts", "First attempts of calls that have ended, and retries.").unit("reqps").query(
            "sum by (resilience_attempt) (rate(resilience_retry_attempts_total{@name}[$__rate_interval]))",
            "{{resilience_attempt}}",
        ),
        Panel::lines("Waiting", "Calls that wait for their next attempt.")
            .query("sum by (resilience_name) (resilience_retry_waiting{@name})", "{{resilience_name}}"),
        Panel::lines("Left in the budget", "Retries and hedges that would be allowed now, and those that were allowed and wait to be sent.")
            .query("resilience_retry_budget_tokens{@name}", COMPONENT)
            .query("resilience_retry_budget_waiting{@name}", "waiting: {{resilience_name}} on {{instance}}"),
        Panel::lines("Budget at work", "Retries and hedges that were sent, that were refused and why, and that were given back.").unit("ops")
            .query("sum by (resilience_name, resilience_attempt) (rate(resilience_retry_budget_spent_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_attempt}}")
            .query("sum by (resilience_name, resilience_attempt, error_type) (rate(resilience_retry_budget_suppressed_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_attempt}} refused: {{error_type}}")
            .query("sum by (resilience_name) (rate(resilience_retry_budget_given_back_total{@name}[$__rate_interval]))", "{{resilience_name}} given back"),
        Panel::lines("Calls of the budget", "What retries and hedges may be a share of.").unit("reqps")
            .query("sum by (resilience_name) (rate(resilience_retry_budget_calls_total{@name}[$__rate_interval]))", "{{resilience_name}}"),
        Panel::lines("Time between attempts", "The mean wait before a retry.").unit("s").query(
            r#"sum by (resilience_name) (rate(resilience_retry_delay_seconds_total{@name}[$__rate_interval])) / (sum by (resilience_name) (rate(resilience_retry_attempts_total{@name,resilience_attempt="retry"}[$__rate_interval])) > 0)"#,
            "{{resilience_name}}",
        ),
        Panel::lines("Attempts that timed out", "Attempts that took longer than one may.").unit("reqps")
            .query("sum by (resilience_name) (rate(resilience_retry_attempt_timeouts_total{@name}[$__rate_interval]))", "{{resilience_name}}"),
        Panel::lines("Panics of observers", "Observers of retries, budgets and hedges that panicked.")
            .query("sum by (resilience_name) (increase(resilience_retry_observer_panics_total{@name}[$__rate_interval]))", "retry {{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_retry_budget_observer_panics_total{@name}[$__rate_interval]))", "budget {{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_hedge_observer_panics_total{@name}[$__rate_interval]))", "hedge {{resilience_name}}"),
        Panel::lines("Hedged calls", "Calls by whose result they ended with, or why there was none.").unit("reqps")
            .query("sum by (resilience_name, resilience_outcome) (rate(resilience_hedge_calls_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}"),
        Panel::lines("Hedges", "Hedges that were sent, that won or were for nothing, and that the budget did not allow.").unit("ops")
            .query("sum by (resilience_name) (rate(resilience_hedge_sent_total{@name}[$__rate_interval]))", "{{resilience_name}} sent")
            .query("sum by (resilience_name, resilience_outcome) (rate(resilience_hedge_ended_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}")
            .query("sum by (resilience_name) (rate(resilience_hedge_suppressed_total{@name}[$__rate_interval]))", "{{resilience_name}} refused"),
        Panel::lines("Delay of hedges", "How long a call goes on before it is hedged, as it is set or was learned.").unit("s")
            .query("resilience_hedge_delay_seconds{@name}", COMPONENT),
        Panel::lines("Hedges in flight", "Hedges that have been sent and have not ended.").columns(12)
            .query("sum by (resilience_name) (resilience_hedge_in_flight{@name})", "{{resilience_name}}"),
        Panel::lines("Latencies to learn from", "Recorded, or skipped as another call was at it.").unit("ops").columns(12)
            .query("sum by (resilience_name, resilience_outcome) (rate(resilience_hedge_samples_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}"),
    ]
}
