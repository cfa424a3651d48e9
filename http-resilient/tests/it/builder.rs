//! Settings and their rules.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use steadfast_http::{Builder, Client, FieldError};
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_testkit::HttpUpstream;

fn broken(builder: Builder) -> Vec<FieldError> {
    builder.build().unwrap_err().fields().to_vec()
}

#[test]
fn every_broken_rule_is_named_in_the_order_of_the_methods() {
    let zero = Duration::ZERO;
    let builder = Client::builder("")
        .attempt_timeout(zero)
        .total_timeout(zero)
        .max_attempts(0)
        .base_backoff(Duration::from_secs(6))
        .max_concurrent(0)
        .failure_threshold(0)
        .success_threshold(0)
        .max_probes(0)
        .open_for(zero)
        .reset_timeout(zero)
        .half_open_max(zero)
        .max_authorities(0);
    let fields = broken(builder);
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(
        names,
        [
            "name",
            "attempt_timeout",
            "total_timeout",
            "max_attempts",
            "max_backoff",
            "max_concurrent",
            "failure_threshold",
            "reset_timeout",
            "open_for",
            "max_probes",
            "success_threshold",
            "half_open_max",
            "max_authorities",
        ]
    );
    for field in fields {
        assert!(field.rule.starts_with("must "), "{field}");
        assert!(!field.value.is_empty(), "{field}");
    }
}

#[test]
fn the_rules_of_the_breaker_hold_for_what_is_changed_through_it() {
    let builder = Client::builder("test").breaker(|breaker| {
        breaker.failure_rate = Some(1.5);
        breaker.slow_call_rate = Some(0.5);
    });
    let fields = broken(builder);
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["failure_rate", "slow_call_rate"]);
}

#[test]
fn the_rules_of_the_hedge_are_the_clients() {
    let mut config = HedgeConfig::default();
    config.trigger = HedgeTrigger::Percentile(1.5);
    config.warm_up = 0;
    config.max_hedges = 0;
    let error = Client::builder("test").hedge(config).build().unwrap_err();
    let names: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(
        names,
        ["hedge_percentile", "hedge_warm_up", "hedge_max_hedges"]
    );
    let client = Client::builder("test").build().unwrap();
    assert_eq!(client.hedge("", config).unwrap_err().fields().len(), 4);
}

#[test]
fn breaker_goes_on_from_what_was_set_before_and_is_gone_on_from() {
    let seen = std::cell::Cell::new(None);
    let builder = Client::builder("test").max_probes(7).breaker(|breaker| {
        seen.set(Some(breaker.max_probes));
        breaker.max_probes = 0;
        breaker.success_threshold = 0;
    });
    assert_eq!(seen.get(), Some(7));
    let fields = broken(builder.max_probes(2));
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["success_threshold"], "max_probes came later");
}

#[test]
fn a_queue_of_nobody_needs_no_timeout() {
    let builder = Client::builder("test").max_waiting(0);
    assert!(builder.checkout_timeout(Duration::ZERO).build().is_ok());
}

#[test]
fn the_limits_of_every_setting_can_be_used() {
    let builder = Client::builder("test")
        .attempt_timeout(Duration::MAX)
        .total_timeout(Duration::MAX)
        .max_attempts(u32::MAX)
        .base_backoff(Duration::MAX)
        .max_backoff(Duration::MAX)
        .max_retry_after(Duration::MAX)
        .max_concurrent(268_435_455)
        .max_waiting(usize::MAX)
        .checkout_timeout(Duration::MAX)
        .failure_threshold(u32::MAX)
        .open_for(Duration::MAX)
        .half_open_max(Duration::MAX)
        .max_authorities(usize::MAX);
    assert!(builder.build().is_ok());
}

#[test]
fn what_reqwest_does_not_accept_is_a_field_too() {
    let builder = reqwest::Client::builder().user_agent("line\nbreak");
    let fields = broken(Client::builder("test").max_attempts(0).reqwest(builder));
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["max_attempts", "reqwest"]);
    assert!(fields[1].value.contains("header value"), "{}", fields[1]);
}

#[test]
fn redirects_cannot_be_set_on_a_client_that_is_finished() {
    let builder = Client::builder("test").client(reqwest::Client::new());
    let fields = broken(builder.redirect(Policy::none()));
    assert_eq!(fields[0].field, "redirect");
}

#[tokio::test]
async fn the_given_reqwest_client_is_the_one_that_is_used() {
    let upstream = HttpUpstream::start().await;
    let tenant = HeaderMap::from_iter([(
        "x-tenant".parse().unwrap(),
        HeaderValue::from_static("acme"),
    )]);
    let configured = || reqwest::Client::builder().default_headers(tenant.clone());
    let finished = configured().build().unwrap();
    for builder in [
        Client::builder("test").reqwest(configured()),
        Client::builder("test").client(finished),
    ] {
        let client = builder.build().unwrap();
        client.get(upstream.url("/")).send().await.unwrap();
    }
    let requests = upstream.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        requests
            .iter()
            .all(|one| one.header("x-tenant") == Some("acme"))
    );
}

#[tokio::test]
async fn the_timeout_of_a_given_reqwest_client_is_replaced() {
    let upstream = HttpUpstream::start().await;
    upstream.script([steadfast_testkit::Reply::ok("slow").delay(Duration::from_millis(100))]);
    let hasty = reqwest::Client::builder().timeout(Duration::from_millis(1));
    let client = Client::builder("test").reqwest(hasty).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "slow");
}
