//! The rows of the adapters.

use super::panel::{COMPONENT, Panel};

pub(super) fn http() -> Vec<Panel> {
    vec![
        Panel::lines("Requests", "Requests that ended, by outcome; a response is one whatever its status.").unit("reqps").query(
            "sum by (resilience_name, resilience_outcome) (rate(resilience_http_client_requests_total{@name}[$__rate_interval]))",
            "{{resilience_name}} {{resilience_outcome}}",
        ),
        quantiles("Duration of attempts, median", "Half of the attempts take no longer, to the head of the response.", "0.5"),
        quantiles("Duration of attempts, 95 %", "19 of 20 attempts take no longer.", "0.95"),
        quantiles("Duration of attempts, 99 %", "99 of 100 attempts take no longer.", "0.99"),
        Panel::lines("Attempts by server", "Attempts by what they ended in: a status, or why there was none.").unit("reqps").query(
            "sum by (server_address, http_response_status_code, error_type) (rate(http_client_request_duration_seconds_count{@target}[$__rate_interval]))",
            "{{server_address}} {{http_response_status_code}} {{error_type}}",
        ),
        Panel::lines("Mean duration of attempts", "The sum of the durations over their number, by method.").unit("s").query(
            "sum by (server_address, http_request_method) (rate(http_client_request_duration_seconds_sum{@target}[$__rate_interval])) / (sum by (server_address, http_request_method) (rate(http_client_request_duration_seconds_count{@target}[$__rate_interval])) > 0)",
            "{{http_request_method}} {{server_address}}",
        ),
        Panel::lines("In flight", "Requests that have neither a response nor an error yet.")
            .query("sum by (resilience_name) (resilience_http_client_in_flight{@name})", "{{resilience_name}}"),
        Panel::lines("Attempts handed to the network", "Retries included. Beside the requests it shows what the client adds.").unit("reqps")
            .query("sum by (resilience_name) (rate(resilience_http_client_attempts_total{@name}[$__rate_interval]))", "{{resilience_name}}"),
        Panel::lines("Discarded responses", "Responses that a retry replaced: read to the end, or cut off at the cost of a connection.").unit("ops").query(
            "sum by (resilience_name, resilience_outcome) (rate(resilience_http_client_discarded_responses_total{@name}[$__rate_interval]))",
            "{{resilience_name}} {{resilience_outcome}}",
        ),
        Panel::lines("Held back", "Attempts that waited as the server or the client's own rate limit wants it, and servers that want to be left alone now.")
            .query("sum by (resilience_name, resilience_reason) (increase(resilience_http_client_held_back_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_reason}}")
            .query("sum by (resilience_name) (resilience_http_client_throttled_authorities{@name})", "{{resilience_name}} left alone"),
        Panel::lines("Spared and replaced", "Requests that a fallback answered or that ended in what another brought, and redirects that were followed.").unit("reqps")
            .query("sum by (resilience_name) (rate(resilience_http_client_fallbacks_total{@name}[$__rate_interval]))", "{{resilience_name}} fallback")
            .query("sum by (resilience_name) (rate(resilience_http_client_coalesced_total{@name}[$__rate_interval]))", "{{resilience_name}} coalesced")
            .query("sum by (resilience_name) (rate(resilience_http_client_redirects_total{@name}[$__rate_interval]))", "{{resilience_name}} redirect"),
        Panel::lines("Requests without room", "To hosts and ports for which there was no room, so that they shared their patterns.").unit("reqps")
            .query("sum by (resilience_name) (rate(resilience_http_client_overflowed_total{@name}[$__rate_interval]))", "{{resilience_name}}"),
        Panel::lines("Authorities", "Hosts and ports that the client remembers, each with a breaker and a bulkhead, and those it forgot.").columns(12)
            .query("sum by (resilience_name) (resilience_http_client_authorities{@name})", "{{resilience_name}}")
            .query("sum by (resilience_name) (increase(resilience_http_client_evicted_authorities_total{@name}[$__rate_interval]))", "forgotten: {{resilience_name}}"),
        Panel::lines("Panics of observers", "Observers of HTTP clients that panicked.").columns(12).query(
            "sum by (resilience_name) (increase(resilience_http_client_observer_panics_total{@name}[$__rate_interval]))",
            "{{resilience_name}}",
        ),
    ]
}

fn quantiles(title: &'static str, description: &'static str, quantile: &str) -> Panel {
    let buckets = "sum by (le, server_address) (rate(http_client_request_duration_seconds_bucket{@target}[$__rate_interval]))";
    let query = format!("histogram_quantile({quantile}, {buckets})");
    Panel::lines(title, description)
        .unit("s")
        .query(&query, "{{server_address}}")
}

pub(super) fn amqp() -> Vec<Panel> {
    vec![
        Panel::states("Connection", "The state of the connection; blocked is connected to a broker that takes no messages.", CONNECTION).query(
            &[("blocked", 1), ("connecting", 2), ("disconnected", 3), ("refused", 4), ("draining", 5), ("closed", 6)]
                .map(|(state, value)| format!(r#"{value} * sum without (resilience_state) (amqp_resilient_connection_state{{@name,resilience_state="{state}"}})"#))
                .join(" + "),
            COMPONENT,
        ),
        Panel::lines("Messages", "Messages by what became of them. An ambiguous one may or may not have arrived.").unit("ops").columns(16)
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_confirmed_total{@name}[$__rate_interval]))", "confirmed: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_returned_total{@name}[$__rate_interval]))", "returned: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_nacked_total{@name}[$__rate_interval]))", "nacked: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_blocked_total{@name}[$__rate_interval]))", "blocked: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_ambiguous_total{@name}[$__rate_interval]))", "ambiguous: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_failed_total{@name}[$__rate_interval]))", "failed: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_abandoned_total{@name}[$__rate_interval]))", "abandoned: {{resilience_name}}")
            .query("sum by (resilience_name) (rate(amqp_resilient_publish_republished_total{@name}[$__rate_interval]))", "sent again: {{resilience_name}}"),
        Panel::lines("Messages held", "Messages that are being published, and those that wait for their turn.")
            .query("sum by (resilience_name) (amqp_resilient_publish_in_flight{@name})", "in flight: {{resilience_name}}")
            .query("sum by (resilience_name) (amqp_resilient_publish_buffered{@name})", "waiting: {{resilience_name}}").query("sum by (resilience_name) (amqp_resilient_publish_limit{@name})", "limit of {{resilience_name}}"),
        Panel::lines("Size of the messages held", "In flight and waiting, rounded up.").unit("bytes")
            .query("sum by (resilience_name) (amqp_resilient_publish_held_bytes{@name})", "{{resilience_name}}").query("sum by (resilience_name) (amqp_resilient_publish_held_limit_bytes{@name})", "limit of {{resilience_name}}"),
        Panel::lines("Duration of operations, 95 %", "From the call to the broker's answer, re-sends included; 19 of 20 take no longer.").unit("s").query(
            "histogram_quantile(0.95, sum by (le, messaging_destination_name, messaging_operation_name) (rate(messaging_client_operation_duration_seconds_bucket{@target}[$__rate_interval])))",
            "{{messaging_operation_name}} {{messaging_destination_name}}",
        ),
        Panel::lines("Messages handed to the broker", "Each time they were, by destination and by what became of each.").unit("ops").query(
            "sum by (messaging_destination_name, error_type) (rate(messaging_client_sent_messages_total{@target}[$__rate_interval]))",
            "{{messaging_destination_name}} {{error_type}}",
        ),
        Panel::lines("Attempts to connect", "By outcome: refused means that the broker said no. And connections that were lost.")
            .query("sum by (resilience_name, resilience_outcome) (increase(amqp_resilient_reconnects_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}")
            .query("sum by (resilience_name) (increase(amqp_resilient_connection_lost_total{@name}[$__rate_interval]))", "{{resilience_name}} lost"),
        Panel::lines("Blocked", "1 while the broker takes no messages, being short of memory or disk.")
            .query("amqp_resilient_blocked{@name}", COMPONENT),
        Panel::lines("Channels", "Places for channels that are taken, open channels that nobody uses, and callers that wait, by pool.")
            .query("sum by (resilience_name, amqp_resilient_pool) (amqp_resilient_channel_pool_in_use{@name})", "in use: {{resilience_name}} {{amqp_resilient_pool}}")
            .query("sum by (resilience_name, amqp_resilient_pool) (amqp_resilient_channel_pool_idle{@name})", "idle: {{resilience_name}} {{amqp_resilient_pool}}")
            .query("sum by (resilience_name, amqp_resilient_pool) (amqp_resilient_channel_pool_waiting{@name})", "waiting: {{resilience_name}} {{amqp_resilient_pool}}"),
        Panel::lines("Channels at work", "Channels opened, given out again, and let go of, by pool.").unit("ops")
            .query("sum by (resilience_name, amqp_resilient_pool) (rate(amqp_resilient_channel_pool_opened_total{@name}[$__rate_interval]))", "opened: {{resilience_name}} {{amqp_resilient_pool}}")
            .query("sum by (resilience_name, amqp_resilient_pool) (rate(amqp_resilient_channel_pool_reused_total{@name}[$__rate_interval]))", "reused: {{resilience_name}} {{amqp_resilient_pool}}")
            .query("sum by (resilience_name, amqp_resilient_pool) (rate(amqp_resilient_channel_pool_discarded_total{@name}[$__rate_interval]))", "let go: {{resilience_name}} {{amqp_resilient_pool}}"),
        Panel::lines("Time to the next attempt", "In how long the next attempt to connect begins.").unit("s")
            .query("amqp_resilient_connection_retry_in_seconds{@name}", COMPONENT),
        Panel::lines("Blocks and panics", "How often the broker blocked the connection, and observers that panicked.")
            .query("sum by (resilience_name) (increase(amqp_resilient_connection_blocks_total{@name}[$__rate_interval]))", "blocked: {{resilience_name}}")
            .query("sum by (resilience_name) (increase(amqp_resilient_observer_panics_total{@name}[$__rate_interval]))", "panics: {{resilience_name}}"),
        Panel::lines("Topology", "Exchanges, queues and bindings that could not be declared, or were skipped for that reason.").columns(12)
            .query("amqp_resilient_topology_failed{@name}", "{{resilience_name}} {{resilience_outcome}} on {{instance}}"),
        Panel::lines("Secrets", "New secrets for the broker before the old ones ran out.").columns(12)
            .query("sum by (resilience_name, resilience_outcome) (increase(amqp_resilient_secret_refreshes_total{@name}[$__rate_interval]))", "{{resilience_name}} {{resilience_outcome}}"),
    ]
}

const CONNECTION: &[(&str, &str)] = &[
    ("connected", "green"),
    ("blocked", "orange"),
    ("connecting", "yellow"),
    ("disconnected", "red"),
    ("refused", "dark-red"),
    ("draining", "blue"),
    ("closed", "text"),
];
