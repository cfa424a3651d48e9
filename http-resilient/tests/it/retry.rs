//! What is sent again, and what is not.

use reqwest::{Body, Method, StatusCode};
use steadfast_http::{Client, ResponseExt};
use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};

use crate::support::{SECOND, dead_end, millis, quick, until};

#[tokio::test]
async fn a_get_gets_through_errors_and_resets() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).body("busy"),
        Reply::reset(),
        Reply::close(),
        Reply::raw("garbage\r\n\r\n"),
        Reply::ok("at last"),
    ]);
    let client = quick().max_attempts(5).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.attempts(), 5);
    assert_eq!(response.text().await.unwrap(), "at last");
    assert_eq!(upstream.request_count(), 5);
    assert_eq!(client.snapshot().totals.attempts, 5);
    assert_eq!(client.snapshot().retry.totals.after_retry, 1);
}

#[tokio::test]
async fn every_status_that_may_pass_is_retried_and_no_other() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .max_attempts(2)
        .failure_threshold(u32::MAX)
        .build()
        .unwrap();
    for status in [
        200, 204, 304, 400, 401, 403, 404, 408, 409, 425, 429, 500, 501, 502, 503, 504, 505, 599,
    ] {
        let before = upstream.request_count();
        upstream.script([Reply::status(status)]);
        let response = client.get(upstream.url("/")).send().await.unwrap();
        let sent = upstream.request_count() - before;
        let expected = match status {
            408 | 425 | 429 | 500 | 502 | 503 | 504 => (2, 200),
            other => (1, other),
        };
        assert_eq!((sent, response.status().as_u16()), expected, "{status}");
        response.bytes().await.unwrap();
    }
}

#[tokio::test]
async fn a_post_is_not_sent_again_whatever_happens_to_it() {
    let upstream = HttpUpstream::start().await;
    let client = quick().attempt_timeout(SECOND).build().unwrap();
    for failure in [
        Reply::status(503),
        Reply::status(429).header("retry-after", "0"),
        Reply::reset(),
        Reply::close(),
        Reply::raw("garbage\r\n\r\n"),
        Reply::stall(),
    ] {
        let before = upstream.request_count();
        upstream.script([failure.clone()]);
        let result = client.post(upstream.url("/")).body("order").send().await;
        match result {
            Ok(response) => assert_eq!(response.attempts(), 1, "{failure:?}"),
            Err(error) => {
                assert_eq!(error.attempts(), 1, "{failure:?}");
                assert!(error.was_sent(), "{failure:?}");
            }
        }
        assert_eq!(upstream.request_count() - before, 1, "{failure:?}");
    }
}

#[tokio::test]
async fn a_post_that_never_left_is_sent_once_it_can_be() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    proxy.set(Fault::Refuse);
    let client = quick()
        .max_attempts(10_000)
        .failure_threshold(u32::MAX)
        .build()
        .unwrap();
    let url = format!("http://{}/orders", proxy.addr());
    let sending = tokio::spawn(client.post(url).body("order").send());
    until("it has been tried", || {
        client.snapshot().totals.attempts > 1
    })
    .await;
    proxy.heal();
    let response = sending.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.attempts() > 1);
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn every_attempt_is_the_same_request() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::reset(), Reply::ok("")]);
    let client = quick().build().unwrap();
    client
        .put(upstream.url("/stock?id=7"))
        .header("x-tenant", "acme")
        .body("seven")
        .send()
        .await
        .unwrap();
    let requests = upstream.requests();
    assert_eq!(requests.len(), 3);
    for request in requests {
        assert_eq!(request.method, "PUT");
        assert_eq!(request.path, "/stock?id=7");
        assert_eq!(request.header("x-tenant"), Some("acme"));
        assert_eq!(request.text(), "seven");
    }
}

/// Sends a request to a server that fails once; returns how often it was sent.
async fn sent(make: impl FnOnce(&Client, String) -> steadfast_http::RequestBuilder) -> usize {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::reset()]);
    let client = quick().build().unwrap();
    let _ = make(&client, upstream.url("/")).send().await;
    upstream.request_count()
}

#[tokio::test]
async fn idempotent_methods_are_retried() {
    for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
        let method: Method = method.parse().unwrap();
        let times = sent(|client, url| client.request(method.clone(), url)).await;
        assert_eq!(times, 2, "{method}");
    }
    for method in ["POST", "PATCH", "PROPFIND"] {
        let method: Method = method.parse().unwrap();
        let times = sent(|client, url| client.request(method.clone(), url)).await;
        assert_eq!(times, 1, "{method}");
    }
}

#[tokio::test]
async fn an_idempotency_key_or_the_caller_makes_a_post_repeatable() {
    assert_eq!(
        sent(|client, url| client.post(url).idempotency_key("7")).await,
        2
    );
    assert_eq!(
        sent(|client, url| client.post(url).header("Idempotency-Key", "7")).await,
        2
    );
    assert_eq!(
        sent(|client, url| client.post(url).idempotent(true)).await,
        2
    );
}

#[tokio::test]
async fn the_caller_can_forbid_a_second_sending() {
    assert_eq!(
        sent(|client, url| client.get(url).idempotent(false)).await,
        1
    );
    let keyed = |client: &Client, url| client.post(url).idempotency_key("7").idempotent(false);
    assert_eq!(sent(keyed).await, 1);
}

#[tokio::test]
async fn every_attempt_has_the_same_key_and_only_one() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503)]);
    let client = quick().build().unwrap();
    let request = client.post(upstream.url("/")).idempotency_key("first");
    request.idempotency_key("second").send().await.unwrap();
    for request in upstream.requests() {
        let keys: Vec<_> = request
            .headers
            .iter()
            .filter(|(name, _)| name == "idempotency-key")
            .map(|(_, key)| key.as_str())
            .collect();
        assert_eq!(keys, ["second"]);
    }
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn a_streamed_body_is_sent_once_even_if_it_could_be_repeated() {
    let streamed = || Body::wrap(http_body_util::Full::new(bytes::Bytes::from("stream")));
    assert_eq!(
        sent(|client, url| client.put(url).idempotent(true).body(streamed())).await,
        1
    );

    let (dead, _held) = dead_end().await;
    let client = quick().build().unwrap();
    let url = format!("http://{dead}/");
    let error = client.put(url).body(streamed()).send().await.unwrap_err();
    assert_eq!(error.attempts(), 1, "the body is gone");
    assert!(error.is_connect());
    assert!(!error.was_sent());
}

#[tokio::test]
async fn the_last_response_is_returned_whole_when_the_attempts_are_used_up() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(500).body("one"),
        Reply::status(502).body("two"),
        Reply::status(503).body("three").header("x-last", "yes"),
    ]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.headers()["x-last"], "yes");
    assert_eq!(response.text().await.unwrap(), "three");
    assert_eq!(client.snapshot().retry.totals.exhausted_attempts, 1);
}

#[tokio::test]
async fn the_last_error_is_returned_with_its_attempts() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::reset());
    let client = quick().build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert!(error.was_sent());
    assert_eq!(upstream.request_count(), 3);
}

#[tokio::test]
async fn a_slow_attempt_is_cut_off_and_repeated() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::ok("quick")]);
    let client = quick().attempt_timeout(millis(600)).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(response.text().await.unwrap(), "quick");
}

#[tokio::test]
async fn one_request_can_have_an_attempt_timeout_of_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::ok("quick")]);
    let client = quick().build().unwrap();
    let request = client.get(upstream.url("/")).attempt_timeout(millis(600));
    assert_eq!(request.send().await.unwrap().attempts(), 2);
}

#[tokio::test]
async fn a_retry_that_is_not_let_through_leaves_the_answer_before_it() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body("down for maintenance")]);
    let client = quick().failure_threshold(1).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.text().await.unwrap(), "down for maintenance");

    let (dead, _held) = dead_end().await;
    let error = client
        .get(format!("http://{dead}/"))
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect());
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_retry_that_is_not_let_through_after_an_answer_too_long_to_keep_says_why() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body(vec![b'x'; 100_000])]);
    let client = quick().failure_threshold(1).build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_circuit_open());
    assert_eq!(error.attempts(), 1);
    assert!(error.was_sent());
}
