//! Settings and their rules.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use steadfast_http::{Builder, Client, FieldError, Origins, Propagation};
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use steadfast_testkit::HttpUpstream;

fn broken(builder: Builder) -> Vec<FieldError> {
    builder.build().unwrap_err().fields().to_vec()
}

#[test]
fn every_broken_rule_is_named_in_the_order_of_the_methods() {
    let zero = Duration::ZERO;
    let builder = Client::named("")
        .base_url("/v1/")
        .attempt_timeout(zero)
        .total_timeout(zero)
        .connect_timeout(zero)
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
            "base_url",
            "attempt_timeout",
            "total_timeout",
            "connect_timeout",
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
    let builder = Client::named("test").breaker(|breaker| {
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
    let error = Client::named("test").hedge(config).build().unwrap_err();
    let names: Vec<_> = error.fields().iter().map(|field| field.field).collect();
    assert_eq!(
        names,
        ["hedge_percentile", "hedge_warm_up", "hedge_max_hedges"]
    );
    let client = Client::named("test").build().unwrap();
    assert_eq!(client.hedge("", config).unwrap_err().fields().len(), 4);
}

#[test]
fn breaker_goes_on_from_what_was_set_before_and_is_gone_on_from() {
    let seen = std::cell::Cell::new(None);
    let builder = Client::named("test").max_probes(7).breaker(|breaker| {
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
    let builder = Client::named("test").max_waiting(0);
    assert!(builder.checkout_timeout(Duration::ZERO).build().is_ok());
}

#[test]
fn the_limits_of_every_setting_can_be_used() {
    let builder = Client::named("test")
        .attempt_timeout(Duration::MAX)
        .total_timeout(Duration::MAX)
        .max_attempts(u32::MAX)
        .base_backoff(Duration::MAX)
        .max_backoff(Duration::MAX)
        .max_retry_after(Duration::MAX)
        .max_throttle(Duration::MAX)
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
    let fields = broken(Client::named("test").max_attempts(0).reqwest(builder));
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["max_attempts", "reqwest"]);
    assert!(fields[1].value.contains("header value"), "{}", fields[1]);
}

#[test]
fn an_origin_that_would_never_be_found_is_no_origin_and_one_name_is_not_two() {
    let name: reqwest::header::HeaderName = "x-left".parse().unwrap();
    let origins = Origins::hosts(["https://a.example/", "a.example", "*"]);
    let propagation = Propagation::to(origins)
        .attempt_header(name.clone())
        .deadline_header(name);
    let fields = broken(Client::named("test").propagation(propagation));
    let told: Vec<_> = fields.iter().map(|of| (of.field, &*of.value)).collect();
    assert_eq!(
        told,
        [
            ("propagation", "\"x-left\""),
            ("propagation", "\"https://a.example/\""),
            ("propagation", "\"*\""),
        ]
    );
}

#[test]
fn redirects_cannot_be_set_on_a_client_that_is_finished() {
    let builder = Client::named("test").client(reqwest::Client::new());
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
        Client::named("test").reqwest(configured()),
        Client::named("test").client(finished),
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
    let client = Client::named("test").reqwest(hasty).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "slow");
}

#[cfg(feature = "rate-limit")]
#[test]
fn a_rate_is_one_that_can_be_kept() {
    for (per_second, burst) in [
        (0.0, 1),
        (-1.0, 1),
        (f64::NAN, 1),
        (f64::INFINITY, 1),
        (1e10, 1),
        (1e-300, 1),
        (1e-8, 1),
        (1.0, u32::MAX),
        (1.0, 0),
        (f64::NAN, 0),
    ] {
        let fields = broken(Client::named("test").rate_limit(per_second, burst));
        let names: Vec<_> = fields.iter().map(|field| field.field).collect();
        assert_eq!(names, ["rate_limit"], "{per_second} {burst}");
    }
    for (per_second, burst) in [(1e9, u32::MAX), (1e-7, 1), (0.5, 1_000_000)] {
        let builder = Client::named("test").rate_limit(per_second, burst);
        assert!(builder.build().is_ok(), "{per_second} {burst}");
    }
}

#[test]
fn a_client_needs_no_name_and_can_have_one() {
    assert_eq!(Client::new().name(), "http");
    assert_eq!(Client::default().name(), "http");
    assert_eq!(Client::builder().build().unwrap().name(), "http");
    assert_eq!(Builder::new().name("a").build().unwrap().name(), "a");
    assert_eq!(Client::named("b").build().unwrap().name(), "b");
}

#[tokio::test]
async fn a_reqwest_client_becomes_ours_and_comes_out_again() {
    let upstream = HttpUpstream::start().await;
    let theirs = reqwest::Client::builder().user_agent("theirs").build();
    let client = Client::from(theirs.unwrap());
    client.get(upstream.url("/")).send().await.unwrap();
    let inside: &reqwest::Client = client.as_ref();
    inside.get(upstream.url("/")).send().await.unwrap();
    let unprotected = reqwest::Client::from(client.clone());
    unprotected.get(upstream.url("/")).send().await.unwrap();
    let requests = upstream.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!(request.header("user-agent"), Some("theirs"));
    }
    assert_eq!(client.snapshot().totals.requests, 1);
}

#[tokio::test]
async fn relative_urls_begin_at_the_base() {
    let upstream = HttpUpstream::start().await;
    let elsewhere = HttpUpstream::start().await;
    let base = upstream.url("/v1/");
    let client = Client::builder().base_url(&base).build().unwrap();
    for url in ["users/7?full", "/v2/users", &upstream.url("/whole")] {
        client.get(url).send().await.unwrap();
    }
    let typed: reqwest::Url = elsewhere.url("/other").parse().unwrap();
    client.get(typed).send().await.unwrap();
    client.post(String::from("orders")).send().await.unwrap();
    let paths: Vec<_> = upstream
        .requests()
        .into_iter()
        .map(|one| one.path)
        .collect();
    assert_eq!(
        paths,
        ["/v1/users/7?full", "/v2/users", "/whole", "/v1/orders"]
    );
    assert_eq!(elsewhere.requests()[0].path, "/other");
}

#[tokio::test]
async fn without_a_base_a_relative_url_is_not_valid() {
    let error = Client::new().get("/users").send().await.unwrap_err();
    assert!(error.is_builder(), "{error:?}");
    let based = Client::builder()
        .base_url("http://127.0.0.1/")
        .build()
        .unwrap();
    let error = based.get("http://").send().await.unwrap_err();
    assert_eq!(error.to_string(), "invalid request: empty host");
}

#[test]
fn the_credentials_of_a_base_are_in_no_text() {
    let secret = Client::builder().base_url("ftp://user:hunter2@files.example/");
    assert!(!format!("{secret:?}").contains("hunter2"));
    let error = secret.build().unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"), "{error}");
}

#[tokio::test]
async fn settings_of_reqwest_are_set_under_their_own_names() {
    let upstream = HttpUpstream::start().await;
    let tenant = HeaderMap::from_iter([(
        "x-tenant".parse().unwrap(),
        HeaderValue::from_static("acme"),
    )]);
    let client = Client::builder()
        .user_agent("shop/1.0")
        .default_headers(tenant)
        .no_proxy()
        .resolve("shop.example", upstream.addr())
        .connect_timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let port = upstream.addr().port();
    let url = format!("http://shop.example:{port}/");
    client.get(url).send().await.unwrap();
    let request = &upstream.requests()[0];
    assert_eq!(request.header("user-agent"), Some("shop/1.0"));
    assert_eq!(request.header("x-tenant"), Some("acme"));
}

#[test]
fn a_setting_of_reqwest_that_would_have_no_effect_is_a_field() {
    let builder = Client::builder()
        .user_agent("shop/1.0")
        .reqwest(reqwest::Client::builder())
        .connect_timeout(Duration::from_secs(5));
    let fields = broken(builder);
    assert_eq!(fields.len(), 1, "{fields:?}");
    assert_eq!(fields[0].field, "user_agent");
    assert!(fields[0].rule.contains("after `reqwest`"), "{}", fields[0]);

    let builder = Client::builder()
        .no_proxy()
        .client(reqwest::Client::new())
        .https_only(true);
    let fields = broken(builder);
    let names: Vec<_> = fields.iter().map(|field| field.field).collect();
    assert_eq!(names, ["no_proxy", "https_only"]);
}

#[test]
fn what_is_set_after_a_given_reqwest_builder_adds_to_it() {
    let given = reqwest::Client::builder().user_agent("given");
    let builder = Client::builder().reqwest(given).user_agent("line\nbreak");
    assert_eq!(broken(builder)[0].field, "reqwest");
}

#[test]
fn timeout_is_the_total_timeout_and_replaces_it() {
    let builder = Client::builder().total_timeout(Duration::from_secs(5));
    let fields = broken(builder.timeout(Duration::ZERO));
    assert_eq!(fields[0].field, "total_timeout");
}

#[test]
fn a_client_does_not_print_its_headers() {
    let secret = HeaderMap::from_iter([(
        "authorization".parse().unwrap(),
        HeaderValue::from_static("Bearer hunter2"),
    )]);
    let client = Client::named("test").default_headers(secret).build();
    let text = format!("{:?}", client.unwrap());
    assert!(!text.contains("hunter2"), "{text}");
}
