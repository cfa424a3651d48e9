//! HTTP/2: a server that says it has not touched a request has not.

use futures_util::future::join_all;
use http_body_util::BodyExt;
use steadfast_breaker::State;
use steadfast_http::{Builder, ResponseExt};
use steadfast_testkit::{Http2Upstream, Reason, Reply};
use tokio::runtime::Handle;

use crate::support::{millis, only, quick, until};

fn http2() -> Builder {
    quick()
        .reqwest(reqwest::Client::builder().http2_prior_knowledge())
        .redirect(reqwest::redirect::Policy::default())
}

/// A server that does this with the first request and answers the others.
async fn first(reply: Reply) -> Http2Upstream {
    let upstream = Http2Upstream::start().await;
    upstream.script([reply]);
    upstream
}

/// The status of a gRPC call comes in them.
#[tokio::test]
async fn trailers_arrive_after_bodies_of_every_kind() {
    let upstream = Http2Upstream::start().await;
    let client = http2().build().unwrap();
    let replies = [
        Reply::ok(""),
        Reply::ok("small"),
        Reply::ok("small").chunked(),
        Reply::ok("dripping").slow_body(1, millis(1)),
        Reply::ok(vec![b'x'; 100_000]),
    ];
    for reply in replies {
        upstream.script([reply.trailer("grpc-status", "0")]);
        let response = client.get(upstream.url("/")).send().await.unwrap();
        let response = http::Response::<reqwest::Body>::from(response);
        let body = response.into_body().collect().await.unwrap();
        assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
        assert!([0, 5, 8, 100_000].contains(&body.to_bytes().len()));
    }
    assert_eq!(only(&client).breaker.totals.success, 5);
    assert_eq!(only(&client).bulkhead.busy, 0);
}

#[tokio::test]
async fn a_refused_stream_was_not_sent() {
    let upstream = first(Reply::reset_stream(Reason::REFUSED_STREAM)).await;
    let client = http2().build().unwrap();
    let response = client.post(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(upstream.request_count(), 2);
    assert_eq!(only(&client).breaker.totals.failure, 1);
}

/// Only reqwest knows then whether another server has seen it, and sends it again itself.
#[tokio::test]
async fn what_was_not_touched_is_sent_again_whoever_built_the_client() {
    for reply in [
        Reply::reset_stream(Reason::REFUSED_STREAM),
        Reply::go_away(Reason::NO_ERROR),
    ] {
        let given = || reqwest::Client::builder().http2_prior_knowledge();
        for client in [
            quick().http2_prior_knowledge(),
            quick().reqwest(given()),
            quick().client(given().build().unwrap()),
        ] {
            let upstream = first(reply.clone()).await;
            let client = client.build().unwrap();
            let order = client.post(upstream.url("/")).body("2 chairs");
            assert_eq!(order.send().await.unwrap().status(), 200);
            assert_eq!(upstream.request_count(), 2);
        }
    }
}

#[tokio::test]
async fn any_other_reset_may_come_after_the_work() {
    for reason in [
        Reason::INTERNAL_ERROR,
        Reason::CANCEL,
        Reason::ENHANCE_YOUR_CALM,
    ] {
        let upstream = first(Reply::reset_stream(reason)).await;
        let client = http2().build().unwrap();
        let error = client.post(upstream.url("/")).send().await.unwrap_err();
        assert_eq!(error.attempts(), 1, "{reason}");
        assert!(error.was_sent(), "{reason}");
        assert_eq!(upstream.request_count(), 1, "{reason}");
    }
}

#[tokio::test]
async fn a_server_that_leaves_in_good_order_opens_no_circuit() {
    let upstream = first(Reply::go_away(Reason::NO_ERROR)).await;
    let client = http2().failure_threshold(1).build().unwrap();
    let response = client.post(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(upstream.connections(), 2);
    assert_eq!(only(&client).breaker.state, State::Closed);
    assert_eq!(only(&client).breaker.totals.ignored, 1);
}

/// reqwest has one for the connection, and so have we.
#[tokio::test]
async fn requests_in_flight_have_no_task_of_their_own() {
    let upstream = Http2Upstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let bare = reqwest::Client::builder().http2_prior_knowledge();
    let bare = bare.build().unwrap();
    let theirs = tasks_of(&upstream, || bare.get(upstream.url("/")).send()).await;
    drop(bare);
    until("they are gone", || upstream.in_flight() == 0).await;
    let client = http2().build().unwrap();
    let ours = tasks_of(&upstream, || client.get(upstream.url("/")).send()).await;
    assert!(ours <= theirs, "{ours} tasks, {theirs} of reqwest alone");
}

/// How many tasks more there are while fifty requests are in flight; those of the server, which are as many
/// whoever the client is, among them.
async fn tasks_of<F: Future>(upstream: &Http2Upstream, send: impl Fn() -> F) -> usize {
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let sending = std::pin::pin!(join_all((0..50).map(|_| send())));
    tokio::select! {
        _ = sending => panic!("nobody answers"),
        () = until("all are in flight", || upstream.in_flight() == 50) => tasks() - before,
    }
}
