//! What the upstream answers, and how it does not.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use steadfast_testkit::{HttpUpstream, Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{
    LIMIT, eventually, exchange, get, get_once, is_silent, read_answer, read_head, soon,
};

#[expect(clippy::disallowed_methods, reason = "the peers live in real time")]
fn now() -> Instant {
    Instant::now()
}

async fn answer_to(reply: Reply) -> String {
    let upstream = HttpUpstream::start().await;
    upstream.script([reply]);
    exchange(upstream.addr(), get_once("/")).await.unwrap()
}

#[tokio::test]
async fn follows_the_script_then_the_closure() {
    let upstream = HttpUpstream::start().await;
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    upstream.script([Reply::status(503), Reply::status(429)]);
    upstream.respond_with(|received, before| Reply::ok(format!("{}#{before}", received.path)));
    upstream.script([Reply::ok("third")]);
    let mut bodies = Vec::new();
    for path in ["/a", "/b", "/c", "/d"] {
        stream.write_all(get(path).as_bytes()).await.unwrap();
        let (head, body) = read_answer(&mut stream).await;
        bodies.push(format!("{} {body}", &head[9..12]));
    }
    assert_eq!(bodies, ["503 ", "429 ", "200 third", "200 /d#3"]);
}

#[tokio::test]
async fn sends_exactly_this() {
    let reply = Reply::status(503).header("Retry-After", "1").body("busy");
    assert_eq!(
        answer_to(reply).await,
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\ncontent-length: 4\r\n\
         connection: close\r\n\r\nbusy"
    );
    assert_eq!(
        answer_to(Reply::ok("hi").chunked()).await,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
         2\r\nhi\r\n0\r\n\r\n"
    );
    assert_eq!(
        answer_to(Reply::status(204)).await,
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(
        answer_to(Reply::ok("hi").header("content-length", "7")).await,
        "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nhi"
    );
    assert_eq!(answer_to(Reply::raw("\0\u{1}!")).await, "\0\u{1}!");
}

#[tokio::test]
async fn answers_head_with_the_length_and_without_the_body() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("hello")]);
    let request = "HEAD / HTTP/1.1\r\nconnection: close\r\n\r\n";
    let answer = exchange(upstream.addr(), request).await.unwrap();
    assert!(answer.contains("content-length: 5\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn closes_when_the_client_or_the_script_says_so() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("bye").then_close()]);
    let answer = exchange(upstream.addr(), get("/")).await.unwrap();
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    let answer = exchange(upstream.addr(), "GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.unwrap().contains("connection: close\r\n"));
}

#[tokio::test]
async fn resets_instead_of_answering() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::reset()]);
    let error = exchange(upstream.addr(), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(upstream.request_count(), 1, "the request had arrived");
}

#[tokio::test]
async fn closes_instead_of_answering() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::close()]);
    assert_eq!(exchange(upstream.addr(), get("/")).await.unwrap(), "");
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn stalls_until_the_client_gives_up() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    assert!(is_silent(&mut stream).await);
    assert_eq!(upstream.open_connections(), 1);
    drop(stream);
    eventually("the connection is gone", || {
        upstream.open_connections() == 0
    })
    .await;
}

#[tokio::test]
async fn delays_an_answer() {
    let sent = now();
    let delay = Duration::from_millis(60);
    assert!(
        answer_to(Reply::ok("late").delay(delay))
            .await
            .ends_with("late")
    );
    assert!(sent.elapsed() >= delay);
}

#[tokio::test]
async fn stops_a_delay_when_the_client_leaves() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("never").delay(LIMIT * 10)]);
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    eventually("the request waits", || upstream.in_flight() == 1).await;
    drop(stream);
    eventually("the request is over", || upstream.in_flight() == 0).await;
}

#[tokio::test]
async fn keeps_what_a_client_sends_during_a_delay() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::ok("1").delay(Duration::from_millis(100)),
        Reply::ok("2"),
    ]);
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    stream.write_all(get("/1").as_bytes()).await.unwrap();
    eventually("the first waits", || upstream.in_flight() == 1).await;
    stream.write_all(get("/2").as_bytes()).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.1, "1");
    assert_eq!(read_answer(&mut stream).await.1, "2");
}

#[tokio::test]
async fn cuts_a_body_short_of_what_the_head_promises() {
    let answer = answer_to(Reply::ok("half of this").cut_body_after(4)).await;
    assert!(answer.contains("content-length: 12\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nhalf"), "{answer}");

    let whole = answer_to(Reply::ok("all").cut_body_after(99)).await;
    assert!(whole.contains("content-length: 4\r\n"), "{whole}");
    assert!(whole.ends_with("\r\n\r\nall"), "{whole}");

    let chunked = answer_to(Reply::ok("half of this").chunked().cut_body_after(4)).await;
    assert!(chunked.ends_with("\r\n\r\n4\r\nhalf\r\n"), "{chunked}");
}

#[tokio::test]
async fn drips_a_slow_body() {
    let every = Duration::from_millis(30);
    let sent = now();
    let answer = answer_to(Reply::ok("abcdef").slow_body(2, every)).await;
    assert!(answer.ends_with("\r\n\r\nabcdef"), "{answer}");
    assert!(sent.elapsed() >= every * 3, "{:?}", sent.elapsed());
}

#[tokio::test]
async fn sends_the_head_of_a_slow_body_at_once() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("abc").slow_body(1, LIMIT * 10)]);
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    assert!(
        read_head(&mut stream)
            .await
            .contains("content-length: 3\r\n")
    );
    assert!(is_silent(&mut stream).await);
}

#[tokio::test]
async fn ends_with_its_connections_when_it_is_dropped() {
    let upstream = HttpUpstream::start().await;
    let addr = upstream.addr();
    upstream.script([Reply::stall()]);
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    eventually("the request waits", || upstream.in_flight() == 1).await;
    drop(upstream);
    let mut rest = Vec::new();
    assert!(matches!(
        soon(stream.read_to_end(&mut rest)).await,
        Ok(0) | Err(_)
    ));
    let refused = TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_closure_that_panics_ends_one_connection_only() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|received, _| match received.path.as_str() {
        "/bad" => panic!("a bug in the test's own closure"),
        _ => Reply::ok("fine"),
    });
    assert_eq!(exchange(upstream.addr(), get("/bad")).await.unwrap(), "");
    let answer = exchange(upstream.addr(), get_once("/")).await.unwrap();
    assert!(answer.ends_with("fine"), "{answer}");
    eventually("nothing is left in flight", || upstream.in_flight() == 0).await;
}

#[test]
#[should_panic = "is no answer and has no head or body"]
fn refuses_to_give_a_body_to_a_reset() {
    let _ = Reply::reset().body("never sent");
}
