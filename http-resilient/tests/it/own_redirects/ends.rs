//! What a chain of redirects ends in, what is told of it, and what a hop must not take or lose.

use std::sync::Arc;

use parking_lot::Mutex;
use reqwest::header::HOST;
use reqwest::{Method, Request};
use steadfast_http::{Finished, Observer, ServedBy};
use steadfast_retry::{HedgeConfig, HedgeTrigger};
use tower_service::Service;

use super::*;

fn instead() -> http::Response<&'static str> {
    http::Response::new("instead")
}

#[tokio::test]
async fn a_redirect_of_the_fallbacks_own_is_returned() {
    let (upstream, elsewhere) = two().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let location = elsewhere.url("/sorry");
    let client = following().fallback(move |_| {
        let sorry = http::Response::builder().status(302);
        let sorry = sorry.header("location", &location).body("sorry").unwrap();
        async move { Some(sorry) }
    });
    let client = client.build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Fallback);
    assert_eq!(response.status(), 302);
    assert_eq!(elsewhere.request_count(), 0);
}

#[tokio::test]
async fn a_redirect_that_is_not_followed_falls_back() {
    let upstream = HttpUpstream::start().await;
    for location in ["/again", "ftp://files.example/"] {
        upstream.respond_with(move |_, _| to(307, location));
        let client = following().fallback(|_| async { Some(instead()) });
        let client = client.build().unwrap();
        let response = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(response.served_by(), ServedBy::Fallback, "{location}");
        assert_eq!(client.snapshot().totals.fallbacks, 1);
        at_rest(&client);
    }
}

/// Reading it is for the connection's sake alone.
#[tokio::test]
async fn the_page_of_a_redirect_is_nobodys_failure() {
    let upstream = HttpUpstream::start().await;
    let page = || to(302, "/there").body("<html>moved</html>".repeat(20));
    for page in [
        page(),
        page().cut_body_after(5),
        page().header("content-encoding", "gzip"),
        page().slow_body(1, millis(20)).chunked(),
    ] {
        upstream.script([page]);
        let client = following().max_response_bytes(100).failure_threshold(1);
        let client = client.build().unwrap();
        let response = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(response.url().path(), "/there");
        response.bytes().await.unwrap(); // the end of it all
        let breaker = at(&client, upstream.addr()).breaker;
        assert_eq!((breaker.state, breaker.totals.success), (State::Closed, 2));
        at_rest(&client);
    }
}

#[tokio::test]
async fn a_host_header_of_ones_own_goes_to_no_other_origin() {
    let (first, second) = two().await;
    let mut headers = HeaderMap::new();
    headers.insert(HOST, HeaderValue::from_static("front.example"));
    let default = following().default_headers(headers).build().unwrap();
    let given = following().build().unwrap();
    for request in [
        default.get(first.url("/")),
        given.get(first.url("/")).header(HOST, "front.example"),
    ] {
        first.script([to(307, "/again"), to(307, second.url("/"))]);
        request.send().await.unwrap();
        for one in first.requests() {
            assert_eq!(one.header("host"), Some("front.example"));
        }
        let there = second.requests().pop().unwrap();
        assert_eq!(there.header("host"), Some(&*second.addr().to_string()));
    }
}

#[tokio::test]
async fn is_told_as_what_was_asked_first() {
    #[derive(Default)]
    struct Seen(Mutex<Vec<Finished>>);

    impl Observer for Seen {
        fn finished(&self, finished: &Finished) {
            self.0.lock().push(finished.clone());
        }
    }

    let (first, second) = two().await;
    first.script([to(307, "/there"), to(303, second.url("/receipts/7"))]);
    let seen = Arc::new(Seen::default());
    let client = following().observer(Arc::clone(&seen)).build().unwrap();
    let order = client.post(first.url("/orders")).template("/orders");
    order.send().await.unwrap();
    let told = seen.0.lock().pop().unwrap();
    assert_eq!(*told.authority, *first.addr().to_string());
    assert_eq!((told.method, told.attempts), (Method::POST, 3));
    assert_eq!(told.template.as_deref(), Some("/orders"));
}

#[tokio::test]
async fn where_there_is_room_for_one_authority_the_next_gets_it() {
    let (first, second) = two().await;
    first.respond_with({
        let location = second.url("/");
        move |_, _| to(307, location.clone())
    });
    let client = following().max_authorities(1).build().unwrap();
    for _ in 0..3 {
        client.get(first.url("/")).send().await.unwrap();
    }
    assert_eq!(client.snapshot().totals.overflowed, 0);
    assert_eq!(at(&client, second.addr()).breaker.totals.success, 1);
}

#[tokio::test]
async fn the_history_goes_over_all_hops() {
    let (first, second) = two().await;
    first.script([Reply::status(503), to(307, second.url("/"))]);
    second.script([Reply::status(503), Reply::reset(), Reply::reset()]);
    let client = following().build().unwrap();
    let error = client.get(first.url("/")).send().await.unwrap_err();
    assert_eq!(error.attempts(), 5);
    let past: Vec<_> = error.history().iter().map(|past| past.attempt).collect();
    assert_eq!(past, [1, 3, 4]);
}

#[tokio::test]
async fn many_who_want_the_same_are_redirected_once() {
    let (first, second) = two().await;
    let location = second.url("/rates");
    first.respond_with(move |_, _| to(302, location.clone()).delay(millis(50)));
    let client = following().coalesce(true).build().unwrap();
    let calls = (0..5).map(|_| client.get(first.url("/")).send());
    for response in futures_util::future::join_all(calls).await {
        assert_eq!(response.unwrap().url().as_str(), second.url("/rates"));
    }
    assert_eq!((first.request_count(), second.request_count()), (1, 1));
    at_rest(&client);
}

#[tokio::test]
async fn each_hop_is_hedged() {
    let (first, second) = two().await;
    first.script([Reply::stall(), to(307, second.url("/"))]);
    second.script([Reply::stall(), Reply::ok("at last")]);
    let mut hedge = HedgeConfig::default();
    hedge.trigger = HedgeTrigger::Delay(millis(20));
    let client = following().hedge(hedge).build().unwrap();
    let response = client.get(first.url("/")).send().await.unwrap();
    assert_eq!(response.served_by(), ServedBy::Hedge);
    assert_eq!(response.attempts(), 4);
    assert_eq!(response.text().await.unwrap(), "at last");
    at_rest(&client);
}

#[tokio::test]
async fn the_timeout_of_a_finished_request_holds_for_all_hops() {
    let (first, second) = two().await;
    first.script([to(302, second.url("/"))]);
    second.script([Reply::stall()]);
    let mut client = following().build().unwrap();
    let mut request = Request::new(Method::GET, first.url("/").parse().unwrap());
    *request.timeout_mut() = Some(millis(200));
    let error = client.call(request).await.unwrap_err();
    assert!(error.is_deadline_exceeded(), "{error:?}");
    at_rest(&client);
}

#[tokio::test]
async fn an_attempt_after_a_redirect_has_its_whole_time() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        to(302, "/slow").delay(millis(600)),
        Reply::ok("slow").delay(millis(600)),
    ]);
    let client = following().attempt_timeout(SECOND).max_attempts(1);
    let client = client.build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "slow");
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn over_http_2_as_well() {
    let upstream = steadfast_testkit::Http2Upstream::start().await;
    upstream.script([
        to(307, "/there").body("moved"),
        Reply::reset_stream(steadfast_testkit::Reason::REFUSED_STREAM),
        Reply::ok("here"),
    ]);
    let client = following().http2_prior_knowledge().build().unwrap();
    let order = client.post(upstream.url("/")).body("2 chairs");
    let response = order.send().await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.text().await.unwrap(), "here");
    assert_eq!(upstream.requests().pop().unwrap().text(), "2 chairs");
    at_rest(&client);
}

#[cfg(feature = "serde")]
#[test]
fn have_a_key_in_a_file() {
    let read = |text| toml::from_str::<steadfast_http::HttpClientConfig>(text);
    let client = read("own_redirects = 3").unwrap().builder("shop").build();
    assert!(format!("{:?}", client.unwrap()).contains("own_redirects: Some(3)"));
    let error = read("own_redirects = 0").unwrap_err();
    assert_eq!(error.message(), "own_redirects = 0 (must be at least 1)");
}
