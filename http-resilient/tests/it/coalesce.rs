//! Requests that are sent as one.

mod waiting;

use std::error::Error as _;

use http::Response;
use steadfast_http::{Builder, Client, Error, RequestBuilder, ResponseExt, ServedBy};
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::task::JoinHandle;

use crate::support::{dead_end, millis, once, only, quick, until};

fn coalescing() -> Builder {
    once().coalesce(true)
}

fn slow(body: &str) -> Reply {
    Reply::ok(body).delay(millis(400))
}

type Sending = JoinHandle<Result<reqwest::Response, Error>>;

/// Sends the requests; returns when all have begun.
async fn send_all(
    client: &Client,
    requests: impl IntoIterator<Item = RequestBuilder>,
) -> Vec<Sending> {
    let before = client.snapshot().totals.requests;
    let sending: Vec<_> = requests
        .into_iter()
        .map(|request| tokio::spawn(request.send()))
        .collect();
    let all = before + sending.len() as u64;
    until("all have begun", || {
        client.snapshot().totals.requests == all
    })
    .await;
    sending
}

fn assert_at_rest(client: &Client) {
    let snapshot = client.snapshot();
    assert_eq!(snapshot.in_flight, 0);
    for authority in snapshot.authorities {
        assert_eq!(authority.bulkhead.busy, 0);
        assert_eq!(authority.breaker.in_flight, 0);
    }
}

#[tokio::test]
async fn those_who_want_the_same_get_it_from_one_request() {
    let upstream = HttpUpstream::start().await;
    upstream.script([slow("rates").header("x-served", "once")]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/rates?day=7");
    let sending = send_all(&client, (0..10).map(|_| client.get(&url))).await;
    for sending in sending {
        let response = sending.await.unwrap().unwrap();
        assert_eq!(response.url().as_str(), url);
        assert_eq!(response.headers()["x-served"], "once");
        assert!(response.remote_addr().is_some());
        assert_eq!(response.attempts(), 1);
        assert_eq!(response.text().await.unwrap(), "rates");
    }
    assert_eq!(upstream.request_count(), 1);
    let totals = client.snapshot().totals;
    assert_eq!((totals.requests, totals.responses), (10, 10));
    assert_eq!((totals.attempts, totals.coalesced), (1, 9));
    assert_at_rest(&client);

    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok", "nothing is kept");
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn what_is_not_the_same_is_sent_on_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| slow("own"));
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let requests = [
        client.get(&url),
        client.get(upstream.url("/other")),
        client.get(upstream.url("/?query")),
        client.get(&url).header("x-tenant", "acme"),
        client.get(&url).header("x-tenant", "apex"),
        client.get(&url).body("body"),
        client.get(&url).coalesce(false),
        client.get(&url).max_response_bytes(1_000),
        client.head(&url),
        client.post(&url),
        client.post(&url),
    ];
    let all = requests.len();
    for sending in send_all(&client, requests).await {
        sending.await.unwrap().unwrap();
    }
    assert_eq!(upstream.request_count(), all);
    assert_eq!(client.snapshot().totals.coalesced, 0);
}

#[tokio::test]
async fn nothing_is_coalesced_unless_it_is_asked_for() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| slow("own"));
    let client = once().build().unwrap();
    let plain = || client.get(upstream.url("/"));
    let requests = [
        plain(),
        plain(),
        plain().coalesce(true),
        plain().coalesce(true),
    ];
    for sending in send_all(&client, requests).await {
        sending.await.unwrap().unwrap();
    }
    assert_eq!(upstream.request_count(), 3);
}

#[tokio::test]
async fn a_failure_is_shared_and_is_what_it_was() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = coalescing().attempt_timeout(millis(400)).build().unwrap();
    let url = upstream.url("/?token=hunter2");
    let mut shared = 0;
    for sending in send_all(&client, (0..3).map(|_| client.get(&url))).await {
        let error = sending.await.unwrap().unwrap_err();
        assert!(error.is_timeout() && !error.is_deadline_exceeded());
        assert!(error.was_sent());
        assert_eq!(error.attempts(), 1);
        assert_eq!(error.url().map(reqwest::Url::as_str), Some(&*url));
        assert!(error.source().is_none());
        let text = error.to_string();
        assert!(text.ends_with("no response within 400ms"), "{text}");
        assert!(!format!("{text}{error:?}").contains("hunter2"));
        shared += u32::from(matches!(error, Error::Coalesced { .. }));
    }
    assert!(shared >= 2, "the last may have it for itself");
    assert_eq!(client.snapshot().totals.timed_out, 3);
    assert_eq!(only(&client).breaker.totals.failure, 1);

    let (dead, _held) = dead_end().await;
    let request = client.get(format!("http://{dead}/"));
    let alone = request.send().await.unwrap_err();
    assert!(matches!(alone, Error::Request { .. }), "{alone:?}");
    assert!(alone.is_connect());
}

#[tokio::test]
async fn what_is_too_long_to_share_everybody_gets_whole() {
    let upstream = HttpUpstream::start().await;
    let client = coalescing().build().unwrap();
    let long = vec![b'x'; 3 * 1024 * 1024 / 2];
    let whole = Reply::ok(long.clone()).delay(millis(300));
    for reply in [whole.clone(), whole.chunked()] {
        let before = upstream.request_count();
        upstream.respond_with(move |_, _| reply.clone());
        let requests = (0..3).map(|_| client.get(upstream.url("/")));
        let mut reading = Vec::new();
        for sending in send_all(&client, requests).await {
            let response = sending.await.unwrap().unwrap();
            reading.push(tokio::spawn(response.bytes()));
        }
        for read in reading {
            assert_eq!(read.await.unwrap().unwrap(), long);
        }
        assert_eq!(upstream.request_count() - before, 3);
        assert_at_rest(&client);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_does_so_for_each_who_wants_it() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok(vec![b'x'; 1_000]).cut_body_after(500));
    let client = coalescing().build().unwrap();
    let alone = client.get(upstream.url("/")).coalesce(false);
    let alone = alone.send().await.unwrap().bytes().await.unwrap_err();
    let requests = (0..3).map(|_| client.get(upstream.url("/")));
    for sending in send_all(&client, requests).await {
        let mut response = sending.await.unwrap().unwrap();
        let mut read = 0;
        let error = loop {
            match response.chunk().await {
                Ok(chunk) => read += chunk.expect("it breaks off").len(),
                Err(error) => break error,
            }
        };
        assert_eq!(read, 500);
        assert_eq!(error.is_decode(), alone.is_decode());
        assert!(response.chunk().await.unwrap().is_none());
    }
    assert_at_rest(&client);
}

#[tokio::test]
async fn retries_and_the_fallback_are_those_of_the_one_request() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).delay(millis(300)), Reply::status(503)]);
    let client = quick()
        .max_attempts(2)
        .coalesce(true)
        .fallback(|_| async { Some(Response::new("stale")) })
        .build()
        .unwrap();
    let requests = (0..3).map(|_| client.get(upstream.url("/")));
    for sending in send_all(&client, requests).await {
        let response = sending.await.unwrap().unwrap();
        assert_eq!(response.served_by(), ServedBy::Fallback);
        assert_eq!(response.attempts(), 2);
        assert_eq!(response.text().await.unwrap(), "stale");
    }
    assert_eq!(upstream.request_count(), 2);
    assert_eq!(client.snapshot().totals.fallbacks, 1);
}
