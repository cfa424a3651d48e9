//! `Retry-After`.

use reqwest::StatusCode;
use steadfast_http::ResponseExt;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, quick};

#[tokio::test]
async fn is_waited_for() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).header("retry-after", "1")]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let requests = upstream.requests();
    assert!(requests[1].at - requests[0].at >= SECOND);
}

#[tokio::test]
async fn in_the_past_is_no_wait() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(429).header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
        Reply::status(503).header("retry-after", "-3"),
    ]);
    // With any backoff the deadline would pass.
    let client = quick()
        .base_backoff(3600 * SECOND)
        .max_backoff(3600 * SECOND)
        .build()
        .unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn beyond_the_cap_ends_the_request_at_once_with_the_response() {
    let upstream = HttpUpstream::start().await;
    for wait in [
        "31",
        "99999999999999999999",
        "Tue, 31 Dec 2199 23:59:59 GMT",
    ] {
        upstream.script([Reply::status(503)
            .header("retry-after", wait)
            .body("see you")]);
        let client = quick().total_timeout(3600 * SECOND).build().unwrap();
        let response = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{wait}");
        assert_eq!(response.headers()["retry-after"], wait);
        assert_eq!(response.text().await.unwrap(), "see you");
        assert_eq!(client.snapshot().retry.totals.retry_after_too_long, 1);
    }
    assert_eq!(upstream.request_count(), 3);
}

#[tokio::test]
async fn beyond_the_deadline_ends_the_request_at_once_with_the_response() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(429).header("retry-after", "20").body("later")]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.text().await.unwrap(), "later");
    assert_eq!(client.snapshot().retry.totals.exhausted_deadline, 1);
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn that_means_nothing_leaves_the_backoff() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).header("retry-after", "soon")]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
}
