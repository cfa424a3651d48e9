//! The client as a service of tower's.

use std::future::poll_fn;

use reqwest::{Method, Request, Response};
use steadfast_http::{Error, ResponseExt};
use steadfast_testkit::{HttpUpstream, Reply};
use tower_service::Service;

use crate::support::{long, only, quick};

/// As code of tower's calls a service.
async fn call<S>(mut service: S, method: Method, url: &str) -> Result<Response, Error>
where
    S: Service<Request, Response = Response, Error = Error>,
{
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service
        .call(Request::new(method, url.parse().unwrap()))
        .await
}

#[tokio::test]
async fn a_service_goes_through_the_same_patterns_as_its_client() {
    let upstream = HttpUpstream::start().await;
    let client = quick().build().unwrap();
    for owned in [true, false] {
        upstream.script([Reply::status(503), Reply::ok("fine")]);
        let url = upstream.url("/");
        let response = if owned {
            call(client.clone(), Method::GET, &url).await.unwrap()
        } else {
            call(&client, Method::GET, &url).await.unwrap()
        };
        assert_eq!(response.attempts(), 2);
        assert_eq!(response.text().await.unwrap(), "fine");
    }
    upstream.script([Reply::status(503)]);
    let response = call(&client, Method::POST, &upstream.url("/"))
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(upstream.request_count(), 5);
    assert_eq!(client.snapshot().totals.requests, 3);
}

#[tokio::test]
async fn a_service_is_ready_and_the_call_is_what_is_not_let_through() {
    let upstream = HttpUpstream::start().await;
    upstream.script([long()]);
    let client = quick().max_concurrent(1).max_waiting(0).build().unwrap();
    let _held = client.get(upstream.url("/")).send().await.unwrap();
    let full = call(&client, Method::GET, &upstream.url("/")).await;
    assert!(full.unwrap_err().is_bulkhead_full());
}

#[tokio::test]
async fn a_dropped_call_of_a_service_gives_everything_back() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = quick().max_concurrent(1).build().unwrap();
    let url = upstream.url("/");
    let called = call(&client, Method::GET, &url);
    let given_up = tokio::time::timeout(crate::support::millis(200), called).await;
    assert!(given_up.is_err());
    assert_eq!(only(&client).bulkhead.busy, 0);
    assert_eq!(client.snapshot().in_flight, 0);
    assert_eq!(client.snapshot().totals.abandoned, 1);
}
