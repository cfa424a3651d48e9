//! The upstream that speaks HTTP/2: what it takes in, and how its streams fare.

use std::time::Duration;

use steadfast_testkit::{Fault, FaultProxy, Http2Upstream, Reason, Reply};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinSet};

use crate::{
    clients::{Outcome, http2, http2_error, outcome},
    support::{A_WHILE, LIMIT, eventually, soon},
};

#[tokio::test]
async fn keeps_method_target_headers_body_and_connection() {
    let upstream = Http2Upstream::start().await;
    let client = http2();
    let body = "x".repeat(3 << 20);
    let request = client.post(upstream.url("/orders?page=2"));
    let request = request.header("X-Trace", "a:b").body(body.clone());
    request.send().await.unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let requests = upstream.requests();
    let first = &requests[0];
    assert_eq!((&*first.method, &*first.path), ("POST", "/orders?page=2"));
    assert_eq!(first.header("x-trace"), Some("a:b"));
    assert_eq!(first.header("host"), Some(&*upstream.addr().to_string()));
    assert!(first.text() == body, "{} bytes", first.body.len());
    assert!(first.at <= requests[1].at);
    assert_eq!(requests[1].at_connection, 0);
    assert_eq!(
        (upstream.connections(), upstream.open_connections()),
        (1, 1)
    );
}

#[tokio::test]
async fn answers_head_with_the_length_and_without_the_body() {
    let upstream = Http2Upstream::start().await;
    let response = http2().head(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.headers()["content-length"], "2");
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn resets_one_stream_with_a_reason_and_no_other() {
    let upstream = Http2Upstream::start().await;
    let client = http2();
    for reason in [
        Reason::REFUSED_STREAM,
        Reason::CANCEL,
        Reason::INTERNAL_ERROR,
        Reason::ENHANCE_YOUR_CALM,
    ] {
        upstream.script([Reply::reset_stream(reason)]);
        let error = client.get(upstream.url("/")).send().await.unwrap_err();
        let error = http2_error(&error).unwrap();
        assert!(error.is_reset() && error.is_remote(), "{error:?}");
        assert_eq!(error.reason(), Some(reason));
    }
    assert_eq!(
        outcome(&client, &upstream).await,
        Outcome::Whole(200, "ok".to_owned())
    );
    assert_eq!((upstream.connections(), upstream.request_count()), (1, 5));
}

#[tokio::test]
async fn a_cut_body_and_a_panicking_closure_end_one_stream_only() {
    let upstream = Http2Upstream::start().await;
    let client = http2();
    upstream.script([Reply::ok("half of this").cut_body_after(4)]);
    assert_eq!(outcome(&client, &upstream).await, Outcome::Cut(200, 4));
    upstream.respond_with(|_, before| match before {
        1 => panic!("a bug in the test's own closure"),
        _ => Reply::ok("fine"),
    });
    assert_eq!(outcome(&client, &upstream).await, Outcome::Nothing);
    assert_eq!(
        outcome(&client, &upstream).await,
        Outcome::Whole(200, "fine".to_owned())
    );
    assert_eq!((upstream.connections(), upstream.in_flight()), (1, 0));
}

#[tokio::test]
async fn stops_what_it_does_for_a_stream_that_the_client_resets() {
    let upstream = Http2Upstream::start().await;
    let client = http2();
    for reply in [
        Reply::stall(),
        Reply::ok("never").delay(LIMIT * 10),
        Reply::ok("never").slow_body(1, LIMIT * 10),
    ] {
        upstream.script([reply]);
        let request = client.get(upstream.url("/")).timeout(A_WHILE).send();
        let read = async { request.await?.text().await };
        assert!(soon(read).await.unwrap_err().is_timeout());
        eventually("the stream is over", || upstream.in_flight() == 0).await;
    }
    assert_eq!(
        (upstream.connections(), upstream.open_connections()),
        (1, 1)
    );
}

#[tokio::test]
async fn allows_so_many_streams_at_one_time() {
    let upstream = Http2Upstream::start().await;
    upstream.limit_streams(2);
    upstream.respond_with(|_, _| Reply::ok("ok").delay(Duration::from_millis(10)));
    let client = http2();
    // The settings have been read once there is an answer.
    outcome(&client, &upstream).await;
    let mut requests = JoinSet::new();
    for _ in 0..10 {
        requests.spawn(client.get(upstream.url("/")).send());
    }
    for response in soon(requests.join_all()).await {
        assert_eq!(response.unwrap().status(), 200);
    }
    assert_eq!((upstream.peak_in_flight(), upstream.connections()), (2, 1));
}

#[tokio::test]
async fn counts_what_is_not_http2_as_broken() {
    let upstream = Http2Upstream::start().await;
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    let http1 = b"GET / HTTP/1.1\r\nhost: a-host-long-enough\r\n\r\n";
    stream.write_all(http1).await.unwrap();
    eventually("it is seen", || upstream.broken_requests() == 1).await;
    eventually("it is closed", || upstream.open_connections() == 0).await;
    assert_eq!(upstream.request_count(), 0);
}

#[tokio::test]
async fn works_behind_a_proxy_that_cuts_it_off() {
    let upstream = Http2Upstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let client = http2();
    upstream.script([Reply::stall()]);
    let request = client.get(format!("http://{}/", proxy.addr())).send();
    let stalled = tokio::spawn(request);
    eventually("the request waits", || upstream.in_flight() == 1).await;
    proxy.set(Fault::Reset);
    assert!(soon(stalled).await.unwrap().is_err());
    eventually("the server has noticed", || upstream.in_flight() == 0).await;
    eventually("nothing is open", || upstream.open_connections() == 0).await;
}

#[tokio::test]
async fn ends_with_its_connections_when_it_is_dropped() {
    let upstream = Http2Upstream::start().await;
    let addr = upstream.addr();
    upstream.script([Reply::stall()]);
    let stalled = tokio::spawn(http2().get(upstream.url("/")).send());
    eventually("the request waits", || upstream.in_flight() == 1).await;
    drop(upstream);
    assert!(soon(stalled).await.unwrap().is_err());
    assert!(TcpStream::connect(addr).await.is_err());
}
