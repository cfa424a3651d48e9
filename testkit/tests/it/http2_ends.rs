//! How HTTP/2 connections come to their end, and what that means for the streams on them.

use steadfast_testkit::{GoAway, Http2Upstream, Reason, Reply};
use tokio::net::TcpStream;

use crate::{
    clients::{Outcome, http2, http2_error, outcome},
    support::{eventually, soon},
};

/// The reason of the GOAWAY that a request ended with.
fn go_away_reason(error: &reqwest::Error) -> Option<Reason> {
    let error = http2_error(error)?;
    error.is_go_away().then(|| error.reason())?
}

/// Two requests on one connection of the bare library: the first stalls, the second gets `reply`.
/// Returns how both end.
async fn side_by_side(reply: Reply) -> [h2::Error; 2] {
    let upstream = Http2Upstream::start().await;
    upstream.script([Reply::stall(), reply]);
    let stream = TcpStream::connect(upstream.addr()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let mut send = || {
        let request = http::Request::get("http://x/").body(()).unwrap();
        client.send_request(request, true).unwrap().0
    };
    let first = send();
    eventually("the first waits", || upstream.in_flight() == 1).await;
    let second = send();
    let ends = [
        soon(first).await.unwrap_err(),
        soon(second).await.unwrap_err(),
    ];
    eventually("it is over", || upstream.open_connections() == 0).await;
    assert_eq!(upstream.in_flight(), 0);
    ends
}

#[tokio::test]
async fn go_away_takes_back_its_stream_and_cuts_off_earlier_ones() {
    let [first, second] = side_by_side(Reply::go_away(Reason::NO_ERROR)).await;
    assert!(second.is_go_away(), "{second:?}");
    assert_eq!(second.reason(), Some(Reason::NO_ERROR));
    assert!(!first.is_go_away(), "it may have been worked on: {first:?}");
}

#[tokio::test]
async fn a_reset_or_close_ends_every_stream_of_the_connection() {
    for reply in [Reply::reset(), Reply::close()] {
        for end in side_by_side(reply).await {
            assert!(end.is_io() && !end.is_go_away(), "{end:?}");
        }
    }
}

#[tokio::test]
async fn go_away_says_why() {
    let upstream = Http2Upstream::start().await;
    for reason in [Reason::NO_ERROR, Reason::ENHANCE_YOUR_CALM] {
        upstream.script([Reply::go_away(reason)]);
        let error = http2().get(upstream.url("/")).send().await.unwrap_err();
        assert_eq!(go_away_reason(&error), Some(reason));
    }
}

#[tokio::test]
async fn then_close_answers_and_has_the_client_connect_anew() {
    let upstream = Http2Upstream::start().await;
    let client = http2();
    upstream.script([Reply::ok("bye").then_close()]);
    let bye = Outcome::Whole(200, "bye".to_owned());
    assert_eq!(outcome(&client, &upstream).await, bye);
    eventually("it is closed", || upstream.open_connections() == 0).await;
    outcome(&client, &upstream).await;
    assert_eq!((upstream.connections(), upstream.request_count()), (2, 2));
}

#[tokio::test]
async fn a_graceful_end_after_so_many_streams_loses_none() {
    let upstream = Http2Upstream::start().await;
    upstream.go_away_after(3, GoAway::Graceful);
    let client = http2();
    for sent in 1..=9 {
        let ok = Outcome::Whole(200, "ok".to_owned());
        assert_eq!(outcome(&client, &upstream).await, ok, "request {sent}");
        if sent % 3 == 0 {
            eventually("it is closed", || upstream.open_connections() == 0).await;
        }
    }
    let requests = upstream.requests();
    let at: Vec<u64> = requests
        .iter()
        .map(|request| request.at_connection)
        .collect();
    assert_eq!(at, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
}

#[tokio::test]
async fn an_abrupt_end_after_so_many_streams_takes_back_the_next() {
    let upstream = Http2Upstream::start().await;
    upstream.go_away_after(2, GoAway::Abrupt);
    let client = http2();
    for _ in 0..2 {
        assert_ne!(outcome(&client, &upstream).await, Outcome::Nothing);
    }
    let error = client.get(upstream.url("/")).send().await.unwrap_err();
    assert_eq!(go_away_reason(&error), Some(Reason::NO_ERROR));
    assert_eq!(upstream.request_count(), 2, "the third was not taken");
    eventually("it is closed", || upstream.open_connections() == 0).await;
    assert_ne!(outcome(&client, &upstream).await, Outcome::Nothing);
    assert_eq!(upstream.connections(), 2);
}

#[tokio::test]
#[should_panic = "there must be one"]
async fn refuses_a_graceful_end_without_a_stream() {
    let upstream = Http2Upstream::start().await;
    upstream.go_away_after(0, GoAway::Graceful);
}
