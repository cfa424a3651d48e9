//! Those who wait: they are dropped, run out of time, and panic.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Response;
use steadfast_http::Error;
use steadfast_testkit::{HttpUpstream, Reply};

use super::{Sending, assert_at_rest, coalescing, send_all, slow};
use crate::support::{millis, only, until};

#[tokio::test]
async fn a_flight_goes_on_without_the_one_who_began_it() {
    let upstream = HttpUpstream::start().await;
    upstream.script([slow("rates")]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let first = tokio::spawn(client.get(&url).send());
    until("it is under way", || upstream.in_flight() == 1).await;
    let others = send_all(&client, (0..3).map(|_| client.get(&url))).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    for other in others {
        let response = other.await.unwrap().unwrap();
        assert_eq!(response.text().await.unwrap(), "rates");
    }
    assert_eq!(upstream.request_count(), 1);
    assert_at_rest(&client);
}

#[tokio::test]
async fn a_flight_for_which_nobody_waits_is_dropped() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let sending = send_all(&client, (0..3).map(|_| client.get(&url))).await;
    until("it is under way", || upstream.in_flight() == 1).await;
    for sending in sending {
        sending.abort();
        let _ = sending.await;
    }
    assert_at_rest(&client);
    assert_eq!(only(&client).breaker.totals.abandoned, 1);
    assert_eq!(client.snapshot().totals.abandoned, 3);
    until("the server sees it", || upstream.in_flight() == 0).await;
    let response = client.get(&url).send().await.unwrap();
    assert!(response.status().is_success(), "and the next begins anew");
}

#[tokio::test]
async fn everybody_waits_until_their_own_deadline() {
    let upstream = HttpUpstream::start().await;
    upstream.script([slow("rates")]);
    let client = coalescing().build().unwrap();
    let url = upstream.url("/");
    let hasty = client.get(&url).total_timeout(millis(50));
    let sending = send_all(&client, [hasty, client.get(&url)]).await;
    let [hasty, patient] = <[Sending; 2]>::try_from(sending).unwrap();
    let error = hasty.await.unwrap().unwrap_err();
    assert!(error.is_deadline_exceeded(), "{error}");
    assert!(error.was_sent());
    assert_eq!(error.url().map(reqwest::Url::as_str), Some(&*url));
    let response = patient.await.unwrap().unwrap();
    assert_eq!(response.text().await.unwrap(), "rates");
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn who_has_more_time_than_the_flight_sends_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let client = coalescing().total_timeout(millis(300)).build().unwrap();
    let patient = client.get(upstream.url("/")).total_timeout(millis(10_000));
    let response = patient.send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "ok");
    assert_eq!(upstream.request_count(), 2);
    assert_at_rest(&client);
}

#[tokio::test]
async fn the_deadline_of_one_who_sends_its_own_after_all_is_the_one_it_began_with() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = coalescing().total_timeout(millis(600)).build().unwrap();
    let patient = client.get(upstream.url("/")).total_timeout(millis(1_200));
    let error = patient.send().await.unwrap_err();
    let Error::DeadlineExceeded { elapsed, .. } = error else {
        panic!("{error}");
    };
    assert!(elapsed >= millis(1_199), "from when it began: {elapsed:?}");
    assert_eq!(upstream.request_count(), 2);
    assert_at_rest(&client);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_of_the_fallback_is_that_of_one_and_leaves_nobody_waiting() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503).delay(millis(200)));
    let client = coalescing()
        .failure_threshold(u32::MAX)
        .total_timeout(Duration::MAX)
        .fallback({
            let panics = AtomicBool::new(true);
            move |_| {
                let first = panics.swap(false, Ordering::SeqCst);
                assert!(!first, "the first time");
                async { Some(Response::new("stale")) }
            }
        })
        .build()
        .unwrap();
    let requests = (0..8).map(|_| client.get(upstream.url("/")));
    let mut panics = 0;
    for sending in send_all(&client, requests).await {
        match sending.await {
            Ok(response) => assert_eq!(response.unwrap().text().await.unwrap(), "stale"),
            Err(failed) => panics += u32::from(failed.is_panic()),
        }
    }
    assert_eq!(panics, 1);
    assert_at_rest(&client);
}
