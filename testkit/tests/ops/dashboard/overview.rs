//! The row that is looked at first, and those of what watches: health, and telemetry itself.

use super::panel::Panel;

pub(super) fn overview() -> Vec<Panel> {
    vec![
        Panel::stat("Circuit breakers not closed", "Open or half open, over all instances: what they call is in trouble.")
            .query(r#"sum(resilience_circuit_breaker_state{@name,resilience_state=~"open|half_open"}) or vector(0)"#, "not closed"),
        Panel::stat("Monitors not ready", "Instances whose readiness is not healthy.")
            .query(r#"sum(resilience_health_status{@target,resilience_probe="readiness",resilience_state!="healthy"}) or vector(0)"#, "not ready"),
        Panel::stat("AMQP connections down", "Disconnected, connecting, or refused by the broker.")
            .query(r#"sum(amqp_resilient_connection_state{@name,resilience_state=~"disconnected|connecting|refused"}) or vector(0)"#, "down"),
        Panel::stat("Bulkheads nearly full", "More than 90 % of the places are taken.")
            .query("count(resilience_bulkhead_in_flight{@name} / resilience_bulkhead_limit{@name} > 0.9) or vector(0)", "nearly full"),
        Panel::stat("Calls without a retry budget", "Calls in the last five minutes that failed and were not tried again, as the budget was spent.")
            .query(r#"sum(increase(resilience_retry_calls_total{@name,resilience_outcome="budget"}[5m])) or vector(0)"#, "not tried again"),
        Panel::stat("Events dropped", "Telemetry events in the last five minutes that found no room in the queue of the handlers.")
            .query(r#"sum(increase(resilience_telemetry_events_total{@target,resilience_outcome="dropped"}[5m])) or vector(0)"#, "dropped"),
        Panel::table("Worst circuit breakers", "The share of calls that failed or were rejected, the ten worst now.").unit("percentunit")
            .query(r#"topk(10, sum by (job, instance, resilience_name) (rate(resilience_circuit_breaker_calls_total{@name,resilience_outcome=~"failure|rejected"}[$__rate_interval])) / (sum by (job, instance, resilience_name) (rate(resilience_circuit_breaker_calls_total{@name}[$__rate_interval])) > 0))"#, ""),
        Panel::table("Fullest bulkheads", "The share of places that are taken, the ten fullest now.").unit("percentunit")
            .query("topk(10, resilience_bulkhead_in_flight{@name} / (resilience_bulkhead_limit{@name} > 0))", ""),
        Panel::table("Alerts", "Steadfast's own alerts that are firing, if alerts.yml is loaded.")
            .query(r#"ALERTS{alertname=~"Steadfast.+",alertstate="firing",job=~"$job|"}"#, ""),
    ]
}

pub(super) fn health() -> Vec<Panel> {
    vec![
        Panel::states("Status", "What the checks roll up to, for each probe.", HEALTH).columns(12).query(
            r#"1 * sum without (resilience_state) (resilience_health_status{@name,resilience_state="degraded"}) + 2 * sum without (resilience_state) (resilience_health_status{@name,resilience_state="unhealthy"}) + 3 * sum without (resilience_state) (resilience_health_status{@name,resilience_state="unknown"})"#,
            "{{resilience_name}} {{resilience_probe}} on {{instance}}",
        ),
        Panel::states("Checks", "What each check found.", HEALTH).columns(12).query(
            r#"1 * sum without (resilience_state) (resilience_health_component_status{@name,resilience_state="degraded"}) + 2 * sum without (resilience_state) (resilience_health_component_status{@name,resilience_state="unhealthy"}) + 3 * sum without (resilience_state) (resilience_health_component_status{@name,resilience_state="unknown"})"#,
            "{{resilience_component}} on {{instance}}",
        ),
        Panel::lines("Runs of checks", "How they ended; one that times out or panics counts as unhealthy.").unit("ops").query(
            "sum by (resilience_component, resilience_outcome) (rate(resilience_health_checks_total{@name}[$__rate_interval]))",
            "{{resilience_component}} {{resilience_outcome}}",
        ),
        Panel::lines("Duration of checks", "How long the last run took, the slowest instance.").unit("s").query(
            "max by (resilience_component) (resilience_health_check_last_duration_seconds{@name})",
            "{{resilience_component}}",
        ),
        Panel::lines("Panics of observers", "Observers of monitors that panicked.").query(
            "sum by (resilience_name) (increase(resilience_health_observer_panics_total{@name}[$__rate_interval]))",
            "{{resilience_name}}",
        ),
    ]
}

pub(super) fn telemetry() -> Vec<Panel> {
    vec![
        Panel::lines("Events", "Events that some handler wanted, by kind.").unit("ops").query(
            r#"sum by (resilience_event) (rate(resilience_telemetry_events_total{@target,resilience_outcome="queued"}[$__rate_interval]))"#,
            "{{resilience_event}}",
        ),
        Panel::lines("Events dropped", "Handlers are too slow: these events did not reach them.").unit("ops").query(
            r#"sum by (instance, resilience_event) (rate(resilience_telemetry_events_total{@target,resilience_outcome="dropped"}[$__rate_interval]))"#,
            "{{resilience_event}} on {{instance}}",
        ),
        Panel::lines("Events missed", "Events that subscribers were too slow for.").unit("ops").query(
            "sum by (instance, resilience_event) (rate(resilience_telemetry_missed_events_total{@target}[$__rate_interval]))",
            "{{resilience_event}} on {{instance}}",
        ),
        Panel::lines("Panics", "Handlers that panicked, and sources whose series are missing for that reason.")
            .query("sum by (resilience_handler) (increase(resilience_telemetry_handler_panics_total{@target}[$__rate_interval]))", "handler {{resilience_handler}}")
            .query("sum(increase(resilience_telemetry_source_panics_total{@target}[$__rate_interval]))", "sources"),
        Panel::lines("Instances scraped", "1 while Prometheus gets an answer. While it is 0, nothing above is to be believed.")
            .query("up{@target}", "{{job}} on {{instance}}"),
        Panel::lines("Duration of scrapes", "How long the instances take to answer.").unit("s")
            .query("scrape_duration_seconds{@target}", "{{instance}}"),
        Panel::lines("Series", "How many samples each scrape brings, those of the program's own metrics included.")
            .query("scrape_samples_scraped{@target}", "{{instance}}"),
    ]
}

const HEALTH: &[(&str, &str)] = &[
    ("healthy", "green"),
    ("degraded", "yellow"),
    ("unhealthy", "red"),
    ("unknown", "purple"),
];
