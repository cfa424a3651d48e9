//! Redirects, and what they hide: that the first server has seen the request.

use reqwest::StatusCode;
use reqwest::redirect::Policy;
use steadfast_breaker::State;
use steadfast_http::{Client, ResponseExt};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{at, dead_end, once, quick};

fn to(location: impl Into<String>) -> Reply {
    Reply::status(307).header("location", location)
}

#[tokio::test]
async fn are_followed_inside_one_attempt() {
    let (first, second) = (HttpUpstream::start().await, HttpUpstream::start().await);
    first.script([to(second.url("/moved"))]);
    let client = once().build().unwrap();
    let response = client.get(first.url("/")).send().await.unwrap();
    assert_eq!(response.url().as_str(), second.url("/moved"));
    assert_eq!(response.attempts(), 1);
    let known = client.snapshot().authorities;
    assert_eq!(known.len(), 1, "the authority that was asked first");
    assert_eq!(&*known[0].authority, first.addr().to_string());
}

#[tokio::test]
async fn a_post_is_not_repeated_when_the_place_it_was_sent_on_to_is_dead() {
    let upstream = HttpUpstream::start().await;
    let (dead, _held) = dead_end().await;
    for status in [303, 307, 308] {
        let before = upstream.request_count();
        let location = format!("http://{dead}/receipt");
        upstream
            .respond_with(move |_, _| Reply::status(status).header("location", location.clone()));
        let client = quick().build().unwrap();
        let request = client.post(upstream.url("/orders")).body("2 chairs");
        let error = request.send().await.unwrap_err();
        assert!(error.is_connect(), "{error:?}");
        assert!(error.was_sent(), "{status}");
        assert_eq!(error.attempts(), 1, "{status}");
        assert_eq!(upstream.request_count() - before, 1, "{status}");
    }
}

#[tokio::test]
async fn a_get_is_repeated_all_the_same() {
    let upstream = HttpUpstream::start().await;
    let (dead, _held) = dead_end().await;
    let location = format!("http://{dead}/");
    upstream.script([to(location)]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(at(&client, upstream.addr()).breaker.totals.failure, 1);
}

#[tokio::test]
async fn a_policy_of_the_caller_is_obeyed_and_watched() {
    let upstream = HttpUpstream::start().await;
    let (dead, _held) = dead_end().await;
    let location = format!("http://{dead}/");
    upstream.respond_with(move |_, _| to(location.clone()));
    let none = quick().redirect(Policy::none()).build().unwrap();
    let response = none.post(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);

    let given = reqwest::Client::builder();
    let watched = quick()
        .reqwest(given)
        .redirect(Policy::limited(3))
        .build()
        .unwrap();
    let error = watched.post(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(error.was_sent());
}

#[tokio::test]
async fn where_they_cannot_be_seen_a_connect_error_proves_nothing() {
    let (dead, _held) = dead_end().await;
    let url = format!("http://{dead}/");
    let attempts = async |client: Client| {
        let error = client.post(&url).send().await.unwrap_err();
        assert!(error.is_connect());
        (error.attempts(), error.was_sent())
    };
    let own = quick().build().unwrap();
    assert_eq!(attempts(own).await, (3, false));
    let given = quick().reqwest(reqwest::Client::builder());
    assert_eq!(attempts(given.build().unwrap()).await, (1, true));
    let given = quick().client(reqwest::Client::new());
    assert_eq!(attempts(given.build().unwrap()).await, (1, true));
    let told = quick()
        .reqwest(reqwest::Client::builder())
        .redirect(Policy::default());
    assert_eq!(attempts(told.build().unwrap()).await, (3, false));
}

#[tokio::test]
async fn a_loop_ends_and_is_nobodys_failure() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| to("/again"));
    let client = quick().failure_threshold(1).build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(
        error.to_string().contains("could not follow a redirect"),
        "{error}"
    );
    assert_eq!(upstream.request_count(), 11);
    assert_eq!(at(&client, upstream.addr()).breaker.state, State::Closed);
}

#[tokio::test]
async fn away_from_http_are_refused_and_the_request_counts_as_sent() {
    let upstream = HttpUpstream::start().await;
    upstream.script([to("ftp://files.example/")]);
    let client = quick().build().unwrap();
    let error = client.post(upstream.url("/")).send().await.unwrap_err();
    assert!(error.was_sent());
    assert_eq!(upstream.request_count(), 1);
}
