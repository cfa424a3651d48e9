//! What errors say, and what they keep to themselves.

use std::error::Error as _;
use std::io;

use reqwest::{Method, Request, Url};
use steadfast_http::Error;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{dead_end, long, millis, once, quick};

fn chain(error: &Error) -> Vec<String> {
    std::iter::successors(error.source(), |&cause| cause.source())
        .map(ToString::to_string)
        .collect()
}

#[tokio::test]
async fn a_refused_connection_is_told_down_to_the_operating_system() {
    let (dead, _held) = dead_end().await;
    let client = quick().build().unwrap();
    let error = client
        .get(format!("http://{dead}/stock"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("GET http://{dead}/stock failed after 3 attempts: could not connect")
    );
    assert!(error.is_connect() && !error.is_timeout() && !error.was_sent());
    assert_eq!(error.method(), Some(&Method::GET));
    assert_eq!(error.authority(), Some(&*dead.to_string()));
    let root = std::iter::successors(error.source(), |&cause| cause.source())
        .find_map(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(root.unwrap().kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn secrets_stay_out_of_every_text() {
    let (dead, _held) = dead_end().await;
    let stalling = HttpUpstream::start().await;
    stalling.respond_with(|_, _| Reply::stall());
    let client = once()
        .failure_threshold(1)
        .attempt_timeout(millis(600))
        .build()
        .unwrap();
    let mut errors = Vec::new();
    for url in [
        format!("http://{dead}/x?token=hunter2#hunter2"),
        format!("http://{dead}/x?token=hunter2"),
        format!("http://user:hunter2@{}/x?token=hunter2", stalling.addr()),
        "ftp://user:hunter2@files.example/?token=hunter2".to_owned(),
    ] {
        let url = Url::parse(&url).unwrap();
        let error = client.execute(Request::new(Method::GET, url)).await;
        errors.push(error.unwrap_err());
    }
    assert!(errors[0].is_connect());
    assert!(errors[1].is_circuit_open());
    assert!(errors[2].is_timeout());
    assert!(errors[3].is_invalid_request());
    for error in &errors {
        let texts = [
            error.to_string(),
            format!("{error:?}"),
            format!("{error:#?}"),
        ];
        for text in texts.into_iter().chain(chain(error)) {
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
    assert_eq!(errors[0].url().unwrap().query(), Some("token=hunter2"));
}

#[tokio::test]
async fn each_kind_says_in_one_line_what_happened() {
    let upstream = HttpUpstream::start().await;
    let url = upstream.url("/");
    let client = once()
        .attempt_timeout(millis(600))
        .failure_threshold(1)
        .max_concurrent(1)
        .max_waiting(0)
        .build()
        .unwrap();

    upstream.script([long()]);
    let held = client.get(&url).send().await.unwrap();
    let full = client.get(&url).send().await.unwrap_err();
    assert_eq!(
        full.to_string(),
        format!("GET {url} was not let through: every place and the queue are taken")
    );
    drop(held);

    upstream.script([Reply::stall()]);
    let late = client.get(&url).send().await.unwrap_err();
    assert_eq!(
        late.to_string(),
        format!("GET {url} failed after 1 attempt: no response within 600ms")
    );

    let open = client.post(&url).send().await.unwrap_err();
    let start = format!("POST {url} was not let through: the circuit is open; retry after ");
    assert!(open.to_string().starts_with(&start), "{open}");
    assert!(
        chain(&open)[0].contains("is open: a call failed"),
        "{open:?}"
    );
}

#[tokio::test]
async fn a_request_that_is_none_is_told_apart_and_costs_nobody_anything() {
    let client = quick().build().unwrap();
    for (url, detail) in [
        ("not a url", "relative URL without a base"),
        ("http://", "empty host"),
        ("http://host:99999/", "invalid port number"),
        ("ftp://files.example/", "URL scheme is not allowed"),
        ("mailto:me@files.example", "URL scheme is not allowed"),
    ] {
        let error = client.get(url).send().await.unwrap_err();
        assert!(error.is_invalid_request(), "{url}");
        assert_eq!(
            error.to_string(),
            format!("invalid request: {detail}"),
            "{url}"
        );
        assert!(!error.was_sent());
        assert_eq!(error.attempts(), 0);
    }
    let request = client.get("http://host/").header("x", "line\nbreak");
    assert!(request.send().await.unwrap_err().is_invalid_request());
    let request = client.post("http://host/").idempotency_key("line\nbreak");
    assert!(request.send().await.unwrap_err().is_invalid_request());
    let totals = client.snapshot().totals;
    assert_eq!(
        (totals.requests, totals.invalid, totals.attempts),
        (7, 7, 0)
    );
    assert!(client.snapshot().authorities.is_empty());
}

#[tokio::test]
async fn what_reqwest_refuses_at_the_last_moment_is_not_sent() {
    let upstream = HttpUpstream::start().await;
    let https_only = reqwest::Client::builder().https_only(true);
    let client = quick()
        .reqwest(https_only)
        .redirect(reqwest::redirect::Policy::none())
        .failure_threshold(1)
        .build()
        .unwrap();
    for _ in 0..2 {
        let error = client
            .get(upstream.url("/?token=7"))
            .send()
            .await
            .unwrap_err();
        assert!(error.is_invalid_request(), "{error:?}");
        assert!(!format!("{error:?}").contains("token"));
    }
    assert_eq!(upstream.connections(), 0);
}

/// Knows no host.
struct NoNames;

impl reqwest::dns::Resolve for NoNames {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err(io::Error::from(io::ErrorKind::NotFound).into()) })
    }
}

#[tokio::test]
async fn errors_are_of_the_kinds_that_they_are_of_with_reqwest() {
    let upstream = HttpUpstream::start().await;
    let resolver = || std::sync::Arc::new(NoNames);
    let theirs = reqwest::Client::builder().dns_resolver(resolver()).build();
    let theirs = theirs.unwrap();
    let given = reqwest::Client::builder().dns_resolver(resolver());
    let ours = once().reqwest(given).build().unwrap();
    upstream.respond_with(|request, _| match request.path.as_str() {
        "/circle" => Reply::status(302).header("location", "/circle"),
        _ => Reply::reset(),
    });
    for url in [
        "no url",
        "ftp://files.example/",
        "http://nowhere.example/",
        &upstream.url("/circle"),
        &upstream.url("/reset"),
    ] {
        let theirs = theirs.get(url).send().await.unwrap_err();
        let ours = ours.get(url).send().await.unwrap_err();
        let kinds = [
            (theirs.is_builder(), ours.is_builder(), "builder"),
            (theirs.is_redirect(), ours.is_redirect(), "redirect"),
            (theirs.is_status(), ours.is_status(), "status"),
            (theirs.is_timeout(), ours.is_timeout(), "timeout"),
            (theirs.is_request(), ours.is_request(), "request"),
            (theirs.is_connect(), ours.is_connect(), "connect"),
            (theirs.is_dns(), ours.is_dns(), "dns"),
            (theirs.is_body(), ours.is_body(), "body"),
            (theirs.is_decode(), ours.is_decode(), "decode"),
            (theirs.is_upgrade(), ours.is_upgrade(), "upgrade"),
        ];
        for (theirs, ours, kind) in kinds {
            assert_eq!(theirs, ours, "{url} is {kind}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_about_a_body_and_a_client_that_cannot_be_built_is_one_of_the_builder()
 {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let client = once().max_response_bytes(10).build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_body() && !error.is_request(), "{error:?}");

    let config = once().max_concurrent(0).build().unwrap_err();
    let error = Error::from(config.clone());
    assert!(error.is_builder() && !error.was_sent(), "{error:?}");
    assert_eq!(error.to_string(), config.to_string());
    assert_eq!(chain(&error), [config.to_string()]);
}
