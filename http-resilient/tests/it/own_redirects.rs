//! Redirects that the client follows itself: each hop passes the patterns of its own authority.

mod ends;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use steadfast_breaker::State;
use steadfast_http::{Builder, Client, Origins, Propagation, ResponseExt};
use steadfast_testkit::{HttpUpstream, Received, Reply};

use crate::support::{SECOND, at, dead_end, millis, quick};

fn to(status: u16, location: impl Into<String>) -> Reply {
    Reply::status(status).header("location", location)
}

fn following() -> Builder {
    quick().own_redirects(10)
}

async fn two() -> (HttpUpstream, HttpUpstream) {
    (HttpUpstream::start().await, HttpUpstream::start().await)
}

/// Nothing is in flight any more.
fn at_rest(client: &Client) {
    let snapshot = client.snapshot();
    assert_eq!(snapshot.in_flight, 0);
    for one in snapshot.authorities {
        assert_eq!(one.bulkhead.busy, 0, "{}", one.authority);
        assert_eq!(one.breaker.in_flight, 0, "{}", one.authority);
    }
}

#[tokio::test]
async fn each_hop_passes_its_own_authority() {
    let (first, second) = two().await;
    first.script([to(307, "/there"), to(302, second.url("/moved"))]);
    second.script([Reply::ok("here")]);
    let client = following().build().unwrap();
    let response = client.get(first.url("/")).send().await.unwrap();
    assert_eq!(response.url().as_str(), second.url("/moved"));
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.text().await.unwrap(), "here");
    assert_eq!(at(&client, first.addr()).breaker.totals.success, 2);
    assert_eq!(at(&client, second.addr()).breaker.totals.success, 1);
    assert_eq!(first.connections(), 1, "a redirect keeps its connection");
    let totals = client.snapshot().totals;
    assert_eq!((totals.requests, totals.responses), (1, 1));
    assert_eq!((totals.attempts, totals.drained), (3, 2));
    assert_eq!(totals.redirects, 2);
    at_rest(&client);
}

#[tokio::test]
async fn a_retry_begins_again_at_the_hop() {
    let (first, second) = two().await;
    first.script([to(307, second.url("/"))]);
    second.script([Reply::status(503), Reply::reset(), Reply::ok("at last")]);
    let client = following().build().unwrap();
    let response = client.put(first.url("/")).body("2 chairs").send().await;
    let response = response.unwrap();
    assert_eq!(response.attempts(), 4);
    assert_eq!(response.text().await.unwrap(), "at last");
    assert_eq!(first.request_count(), 1);
    let bodies: Vec<_> = second.requests().iter().map(Received::text).collect();
    assert_eq!(bodies, ["2 chairs"; 3]);
}

#[tokio::test]
async fn a_dead_place_opens_its_own_circuit_and_gets_a_post_more_than_once() {
    let first = HttpUpstream::start().await;
    let (dead, _held) = dead_end().await;
    first.respond_with(move |_, _| to(307, format!("http://{dead}/")));
    let client = following().failure_threshold(3).build().unwrap();
    let post = || client.post(first.url("/")).body("2 chairs").send();
    let error = post().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert!(error.was_sent(), "the first server has seen it");
    assert_eq!(error.attempts(), 4, "one there, and three in vain");
    let attempts: Vec<_> = error.history().iter().map(|past| past.attempt).collect();
    assert_eq!(attempts, [2, 3]);
    assert_eq!(error.authority(), Some(&*dead.to_string()));
    assert_eq!(at(&client, dead).breaker.state, State::Open);
    assert_eq!(at(&client, first.addr()).breaker.state, State::Closed);

    let error = post().await.unwrap_err();
    assert!(error.is_circuit_open(), "{error:?}");
    assert!(error.was_sent());
    assert_eq!(first.request_count(), 2);
    at_rest(&client);
}

#[tokio::test]
async fn a_place_without_room_rejects_what_is_sent_on_to_it() {
    let (first, second) = two().await;
    first.respond_with({
        let location = second.url("/");
        move |_, _| to(302, location.clone())
    });
    second.script([Reply::stall()]);
    let tight = following().max_concurrent(1).max_waiting(0);
    let client = tight.build().unwrap();
    let held = tokio::spawn(client.get(second.url("/hold")).send());
    crate::support::until("the place is taken", || second.in_flight() == 1).await;
    let error = client.get(first.url("/")).send().await.unwrap_err();
    assert!(error.is_bulkhead_full(), "{error:?}");
    assert_eq!(error.authority(), Some(&*second.addr().to_string()));
    held.abort();
    let _ = held.await;
    at_rest(&client);
}

#[tokio::test]
async fn default_credentials_go_to_no_other_origin() {
    let (first, second) = two().await;
    first.script([to(307, "/again"), to(307, second.url("/"))]);
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2"));
    headers.insert("x-tenant", HeaderValue::from_static("7"));
    let client = following().default_headers(headers.clone());
    let client = client.build().unwrap();
    client.get(first.url("/")).send().await.unwrap();
    let told = |one: &Received| one.header("authorization").map(str::to_owned);
    let secret = Some("Bearer hunter2".to_owned());
    let here: Vec<_> = first.requests().iter().map(told).collect();
    assert_eq!(here, [secret.clone(), secret.clone()]);
    let there = &second.requests()[0];
    assert_eq!(told(there), None);
    assert_eq!(there.header("x-tenant"), Some("7"));
    let referer = format!("http://{}/", first.addr());
    assert_eq!(there.header("referer"), Some(&*referer));

    // Without the switch, not even the origin.
    first.script([to(307, second.url("/"))]);
    let silent = following().referer(false).build().unwrap();
    let own = silent.get(first.url("/?key=hunter2"));
    let own = own.header("referer", "http://shop.example/?key=hunter2");
    own.send().await.unwrap();
    assert_eq!(second.requests()[1].header("referer"), None);
    first.forget();

    // A request's own take the place of the default, and without redirects of its own nothing changes.
    let own = client.get(first.url("/")).bearer_auth("mine");
    own.send().await.unwrap();
    let plain = quick().default_headers(headers).build().unwrap();
    plain.get(first.url("/")).send().await.unwrap();
    let here: Vec<_> = first.requests().iter().map(told).collect();
    assert_eq!(here, [Some("Bearer mine".to_owned()), secret]);
}

#[tokio::test]
async fn too_many_are_an_error_and_nobodys_failure() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| to(307, "/again"));
    let client = quick().own_redirects(3).failure_threshold(1);
    let client = client.build().unwrap();
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert!(error.is_redirect() && !error.is_request(), "{error:?}");
    assert!(error.was_sent());
    assert_eq!(error.attempts(), 4);
    assert_eq!(upstream.request_count(), 4);
    assert_eq!(
        error.to_string(),
        format!(
            "GET {} failed after 4 attempts: redirected more than 3 times",
            upstream.url("/again")
        ),
    );
    assert_eq!(at(&client, upstream.addr()).breaker.state, State::Closed);
    assert_eq!(client.snapshot().totals.failed, 1);
    at_rest(&client);
}

#[tokio::test]
async fn see_other_is_a_get_without_the_body_even_if_that_is_made_anew() {
    let upstream = HttpUpstream::start().await;
    upstream.script([to(303, "/receipt")]);
    let client = following().build().unwrap();
    let order = client.post(upstream.url("/orders"));
    let order = order.body_factory(|| "2 chairs");
    order.send().await.unwrap();
    let [order, receipt] = &upstream.requests()[..] else {
        panic!("{:?}", upstream.requests());
    };
    assert_eq!((&*order.method, &*order.text()), ("POST", "2 chairs"));
    assert_eq!((&*receipt.method, &*receipt.text()), ("GET", ""));

    // And one that goes along is made again.
    upstream.forget();
    upstream.script([to(307, "/there"), Reply::status(503), Reply::ok("")]);
    let order = client.put(upstream.url("/orders"));
    let order = order.body_factory(|| "3 chairs");
    order.send().await.unwrap();
    let bodies: Vec<_> = upstream.requests().iter().map(Received::text).collect();
    assert_eq!(bodies, ["3 chairs"; 3]);
}

#[cfg(feature = "stream")]
#[tokio::test]
async fn a_redirect_that_needs_a_stream_again_is_returned() {
    let upstream = HttpUpstream::start().await;
    upstream.script([to(307, "/there")]);
    let client = following().build().unwrap();
    let piece = futures_util::stream::iter([Ok::<_, std::io::Error>("2 chairs")]);
    let order = client.post(upstream.url("/orders"));
    let order = order.body(reqwest::Body::wrap_stream(piece));
    let response = order.send().await.unwrap();
    assert_eq!(response.status(), 307);
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn away_from_http_are_refused_and_the_request_counts_as_sent() {
    let upstream = HttpUpstream::start().await;
    upstream.script([to(302, "ftp://files.example/")]);
    let client = following().build().unwrap();
    let url = upstream.url("/");
    let error = client.post(&url).send().await.unwrap_err();
    assert!(error.was_sent() && error.is_redirect(), "{error:?}");
    assert_eq!(error.attempts(), 1);
    assert_eq!(
        error.to_string(),
        format!("POST {url} failed after 1 attempt: redirected to a URL of ftp, which is not HTTP"),
    );
    assert_eq!(client.snapshot().totals.failed, 1);
    at_rest(&client);
}

#[tokio::test]
async fn one_deadline_holds_for_all_hops() {
    let (first, second) = two().await;
    first.script([to(302, second.url("/"))]);
    second.respond_with(|_, _| Reply::stall());
    let client = following().total_timeout(millis(300)).build().unwrap();
    let started = crate::support::now();
    let error = client.get(first.url("/")).send().await.unwrap_err();
    assert!(error.is_deadline_exceeded(), "{error:?}");
    assert_eq!(error.attempts(), 2);
    assert!(started.elapsed() < 5 * SECOND, "not another 10 s");
    at_rest(&client);
}

#[tokio::test]
async fn the_number_of_the_attempt_that_servers_are_told_begins_again() {
    let (first, second) = two().await;
    first.script([to(307, second.url("/"))]);
    second.script([Reply::status(503)]);
    let told_only = Origins::hosts([second.addr().to_string()]);
    let client = following().propagation(Propagation::to(told_only));
    let client = client.build().unwrap();
    client.get(first.url("/")).send().await.unwrap();
    let told = |one: &Received| one.header("x-retry-attempt").map(str::to_owned);
    assert_eq!(told(&first.requests()[0]), None, "it is not on the list");
    let told: Vec<_> = second.requests().iter().filter_map(told).collect();
    assert_eq!(told, ["1", "2"]);
}

#[tokio::test]
async fn a_failure_at_the_last_hop_falls_back() {
    let (first, second) = two().await;
    first.script([to(302, second.url("/"))]);
    second.respond_with(|_, _| Reply::status(503));
    let client = following().fallback(|failed| {
        let text = format!("instead of {}", failed.url().path());
        async move { Some(http::Response::new(text)) }
    });
    let client = client.build().unwrap();
    let response = client.get(first.url("/start")).send().await.unwrap();
    assert_eq!(response.attempts(), 4);
    assert_eq!(response.text().await.unwrap(), "instead of /");
}

#[tokio::test]
async fn dropped_at_any_hop_it_gives_everything_back() {
    let (first, second) = two().await;
    first.respond_with({
        let location = second.url("/");
        move |_, _| to(302, location.clone())
    });
    second.respond_with(|_, _| Reply::stall());
    let client = following().build().unwrap();
    let sent = tokio::spawn(client.get(first.url("/")).send());
    crate::support::until("it hangs at the second", || second.in_flight() == 1).await;
    sent.abort();
    let _ = sent.await;
    assert_eq!(client.snapshot().totals.abandoned, 1);
    at_rest(&client);
}

#[test]
fn says_what_it_does_not_go_with() {
    let complaint = |builder: Builder| builder.build().unwrap_err().to_string();
    let none = complaint(quick().own_redirects(0));
    assert!(
        none.contains("own_redirects = 0 (must be at least 1)"),
        "{none}"
    );
    let policy = complaint(following().redirect(Policy::none()));
    assert!(policy.contains("must go without `redirect`"), "{policy}");
    for given in [
        following().client(reqwest::Client::new()),
        following().reqwest(reqwest::Client::builder()),
    ] {
        let given = complaint(given);
        assert!(
            given.contains("must go without `reqwest` and `client`"),
            "{given}"
        );
    }
}
