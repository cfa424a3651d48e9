//! Answers in place of failures.

use std::future::pending;

use http::Response;
use reqwest::StatusCode;
use steadfast_http::{ResponseExt, ServedBy};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{dead_end, long, millis, once, only, quick, until};

#[tokio::test]
async fn an_error_is_replaced() {
    let (dead, _held) = dead_end().await;
    let client = quick()
        .fallback(|failed| {
            assert!(
                failed
                    .error()
                    .is_some_and(steadfast_http::Error::is_connect)
            );
            assert!(failed.response().is_none());
            assert!(failed.time_left().is_some());
            let text = format!("{} {}", failed.method(), failed.url().path());
            async move { Some(Response::builder().status(203).body(text).unwrap()) }
        })
        .build()
        .unwrap();
    let url = format!("http://{dead}/stock?id=7");
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::NON_AUTHORITATIVE_INFORMATION);
    assert_eq!(response.served_by(), ServedBy::Fallback);
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.url().as_str(), url);
    assert_eq!(response.text().await.unwrap(), "GET /stock");
    let totals = client.snapshot().totals;
    assert_eq!(
        (totals.responses, totals.fallbacks, totals.failed),
        (1, 1, 0)
    );
}

#[tokio::test]
async fn a_response_that_retries_did_not_better_is_replaced_and_no_other() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .failure_threshold(u32::MAX)
        .fallback(|failed| {
            let status = failed.status().unwrap();
            async move { Some(Response::new(status.to_string())) }
        })
        .build()
        .unwrap();
    for status in [200, 304, 400, 404, 501, 429, 500, 503] {
        upstream.respond_with(move |_, _| Reply::status(status));
        let response = client.get(upstream.url("/")).send().await.unwrap();
        let expected = match status {
            429 | 500 | 503 => (ServedBy::Fallback, 200, 3),
            other => (ServedBy::Network, other, 1),
        };
        let status = response.status().as_u16();
        let found = (response.served_by(), status, response.attempts());
        assert_eq!(found, expected);
    }
    assert_eq!(only(&client).bulkhead.busy, 0);
}

#[tokio::test]
async fn a_circuit_that_is_open_is_replaced_without_an_attempt() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(500)]);
    let client = once()
        .failure_threshold(1)
        .fallback(|failed| {
            let open = failed.error().is_some_and(|error| error.is_circuit_open());
            async move { open.then(|| Response::new("stale")) }
        })
        .build()
        .unwrap();
    let first = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(
        first.status(),
        StatusCode::INTERNAL_SERVER_ERROR,
        "it declines"
    );
    let second = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(second.served_by(), ServedBy::Fallback);
    assert_eq!(second.attempts(), 0);
}

#[tokio::test]
async fn what_a_fallback_declines_is_returned_whole() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body(vec![b'x'; 100_000])]);
    let client = once().build().unwrap();
    let request = client.get(upstream.url("/"));
    let request = request.fallback(|_| async { None::<Response<&str>> });
    let response = request.send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Network);
    assert_eq!(response.bytes().await.unwrap().len(), 100_000);
    assert_eq!(client.snapshot().totals.fallbacks, 0);
}

#[tokio::test]
async fn the_fallback_of_a_request_takes_the_place_of_the_clients() {
    let (dead, _held) = dead_end().await;
    let builder = once().fallback(|_| async { Some(Response::new("client's")) });
    let client = builder.build().unwrap();
    let url = format!("http://{dead}/");
    let request = client
        .get(&url)
        .fallback(|_| async { Some(Response::new("own")) });
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "own");
    let request = client.get(&url);
    assert_eq!(
        request.send().await.unwrap().text().await.unwrap(),
        "client's"
    );
}

#[tokio::test]
async fn the_deadline_holds_over_the_fallback() {
    let (dead, _held) = dead_end().await;
    let client = once().build().unwrap();
    let request = client
        .get(format!("http://{dead}/"))
        .total_timeout(millis(300));
    let request = request.fallback(|_| pending::<Option<Response<&str>>>());
    let error = request.send().await.unwrap_err();
    assert!(error.is_connect(), "what it was called for stands: {error}");
}

#[tokio::test]
async fn an_answer_that_is_ready_needs_no_time() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = once().build().unwrap();
    let request = client.get(upstream.url("/")).total_timeout(millis(200));
    let request = request.fallback(|failed| {
        assert!(
            failed
                .error()
                .is_some_and(|error| error.is_deadline_exceeded())
        );
        assert_eq!(failed.time_left(), Some(millis(0)));
        async { Some(Response::new("stale")) }
    });
    let response = request.send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "stale");
}

#[tokio::test]
async fn an_invalid_request_is_not_covered() {
    let client = once()
        .fallback(|_| async { Some(Response::new("never")) })
        .build()
        .unwrap();
    for url in ["no url", "ftp://127.0.0.1/"] {
        let error = client.get(url).send().await.unwrap_err();
        assert!(error.is_invalid_request(), "{error}");
    }
}

#[tokio::test]
async fn a_panic_passes_through_and_leaves_nothing() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503).body(vec![b'x'; 100_000]));
    let client = once().failure_threshold(u32::MAX).build().unwrap();
    let url = upstream.url("/");
    let at_once = client
        .get(&url)
        .fallback(|_| -> std::future::Ready<Option<Response<&str>>> { panic!("at once") });
    let later = client.get(&url).fallback(|failed| {
        let failed = failed.response().is_some();
        async move {
            tokio::task::yield_now().await;
            assert!(!failed, "later");
            None::<Response<&str>>
        }
    });
    for request in [at_once, later] {
        let failed = tokio::spawn(request.send()).await.unwrap_err();
        assert!(failed.is_panic());
        let now = only(&client);
        assert_eq!((now.bulkhead.busy, now.breaker.in_flight), (0, 0));
        assert_eq!(client.snapshot().in_flight, 0);
    }
    assert_eq!(client.snapshot().totals.abandoned, 2);
}

#[tokio::test]
async fn a_caller_dropped_in_its_fallback_leaves_nothing() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body(vec![b'x'; 100_000])]);
    let client = once().build().unwrap();
    let request = client.get(upstream.url("/"));
    let request = request.fallback(|_| pending::<Option<Response<&str>>>());
    let sending = tokio::spawn(request.send());
    until("it has failed", || {
        let authorities = client.snapshot().authorities;
        authorities
            .iter()
            .any(|one| one.breaker.totals.failure == 1)
    })
    .await;
    sending.abort();
    let _ = sending.await;
    assert_eq!(only(&client).bulkhead.busy, 0);
    assert_eq!(client.snapshot().in_flight, 0);
}

#[tokio::test]
async fn a_fallback_can_ask_somebody_else() {
    let other = HttpUpstream::start().await;
    other.script([long()]);
    let (dead, _held) = dead_end().await;
    let client = once().build().unwrap();
    let (second, url) = (client.clone(), other.url("/replica"));
    let request = client.get(format!("http://{dead}/")).fallback(move |_| {
        let asking = second.get(&url).send();
        async move { asking.await.ok().map(Response::from) }
    });
    let response = request.send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Fallback);
    assert_eq!(response.bytes().await.unwrap().len(), 100_000);
}
