//! How bytes pass: forwarding, latency, stall, bandwidth.

use std::{
    io::ErrorKind,
    sync::{Mutex, mpsc},
    time::{Duration, Instant},
};

use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{
    A_WHILE, Echo, echoed, eventually, exchange, get, get_once, is_silent, read_answer, soon,
};

#[expect(clippy::disallowed_methods, reason = "the peers live in real time")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test]
async fn forwards_both_ways_and_counts_the_bytes() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let body = "x".repeat(3_000_000);
    upstream.script([Reply::ok(body.clone())]);
    let request =
        format!("POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: 3000000\r\n\r\n{body}");

    let answer = exchange(proxy.addr(), &request).await.unwrap();
    assert!(answer.ends_with(&body));
    assert_eq!(upstream.requests()[0].body, body.as_bytes());
    let stats = proxy.stats();
    assert_eq!(stats.bytes_to_upstream, request.len() as u64);
    assert_eq!(stats.bytes_to_client, answer.len() as u64);
}

#[tokio::test]
async fn passes_on_the_end_of_one_direction_and_keeps_the_other() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(b"last words").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = String::new();
    soon(stream.read_to_string(&mut back)).await.unwrap();
    assert_eq!(back, "last words");
    eventually("the connection ends", || proxy.stats().open == 0).await;
}

#[tokio::test]
async fn latency_makes_every_answer_late() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start_with_seed(echo.addr, 3).await;
    let delay = Duration::from_millis(60);
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    echoed(&mut stream, "warm").await.unwrap();

    let jitter = Duration::from_millis(10);
    proxy.set(Fault::Latency { delay, jitter });
    for _ in 0..3 {
        let sent = now();
        assert_eq!(echoed(&mut stream, "late").await.unwrap(), "late");
        assert!(sent.elapsed() >= delay, "{:?}", sent.elapsed());
    }
}

#[tokio::test]
async fn delayed_pieces_wait_side_by_side() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let delay = Duration::from_millis(400);
    // Twenty pieces that come one by one: in a row they would be eight seconds late.
    let pieces = Reply::ok("x".repeat(20)).slow_body(1, Duration::from_millis(2));
    upstream.script([pieces]);
    proxy.set(Fault::Latency {
        delay,
        jitter: Duration::ZERO,
    });
    let sent = now();
    exchange(proxy.addr(), get_once("/")).await.unwrap();
    let took = sent.elapsed();
    assert!(took >= delay && took < delay * 10, "{took:?}");
}

#[tokio::test]
async fn stall_holds_open_connections_in_both_directions_until_it_is_healed() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(get("/1").as_bytes()).await.unwrap();
    read_answer(&mut stream).await;

    proxy.set(Fault::Stall);
    stream.write_all(get("/2").as_bytes()).await.unwrap();
    assert!(is_silent(&mut stream).await);
    assert_eq!(
        upstream.request_count(),
        1,
        "the request is held, not only its answer"
    );

    proxy.heal();
    read_answer(&mut stream).await;
    assert_eq!(upstream.request_count(), 2);
}

#[tokio::test]
async fn stall_holds_an_answer_that_is_on_its_way_and_the_end_behind_it() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let (answer_now, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    upstream.respond_with(move |_, _| {
        gate.lock().unwrap().recv().unwrap();
        Reply::ok("late").then_close()
    });
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    eventually("the request arrives", || upstream.request_count() == 1).await;

    proxy.set(Fault::Stall);
    answer_now.send(()).unwrap();
    eventually("the upstream has answered", || {
        upstream.open_connections() == 0
    })
    .await;
    assert!(is_silent(&mut stream).await);

    proxy.heal();
    assert_eq!(read_answer(&mut stream).await.1, "late");
    let end = soon(stream.read_u8()).await.unwrap_err();
    assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn stall_holds_the_end_of_an_idle_connection() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    echoed(&mut stream, "in").await.unwrap();

    proxy.set(Fault::Stall);
    stream.shutdown().await.unwrap(); // The echo would close in answer.
    assert!(is_silent(&mut stream).await);
    assert_eq!(proxy.stats().open, 1);

    proxy.heal();
    let end = soon(stream.read_u8()).await.unwrap_err();
    assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn stall_holds_a_bounded_amount() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    echoed(&mut stream, "in").await.unwrap();
    proxy.set(Fault::Stall);
    // Sockets and proxy together take some megabytes; then the client has to wait.
    let flood = vec![0; 64 << 20];
    let written = timeout(A_WHILE * 10, stream.write_all(&flood)).await;
    assert!(written.is_err(), "nobody takes all of that");
}

#[tokio::test]
async fn stall_accepts_new_connections_and_serves_them_when_healed() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    proxy.set(Fault::Stall);
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    assert!(is_silent(&mut stream).await);
    assert_eq!((proxy.stats().accepted, proxy.stats().open), (1, 1));
    assert_eq!(upstream.connections(), 0);

    proxy.heal();
    assert_eq!(read_answer(&mut stream).await.1, "ok");
}

#[tokio::test]
async fn bandwidth_slows_a_body_down() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    upstream.script([Reply::ok("x".repeat(20_000))]);
    proxy.set(Fault::Bandwidth {
        bytes_per_sec: 100_000,
    });
    let sent = now();
    exchange(proxy.addr(), get_once("/")).await.unwrap();
    assert!(
        sent.elapsed() >= Duration::from_millis(190),
        "{:?}",
        sent.elapsed()
    );
}

#[tokio::test]
async fn bandwidth_is_lifted_in_the_middle_of_a_body() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    upstream.script([Reply::ok("x".repeat(10_000))]);
    // At this rate the body would take far longer than the test may.
    proxy.set(Fault::Bandwidth { bytes_per_sec: 100 });
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(get("/").as_bytes()).await.unwrap();
    eventually("the answer trickles", || proxy.stats().bytes_to_client > 0).await;

    proxy.heal();
    assert_eq!(read_answer(&mut stream).await.1.len(), 10_000);
}

#[tokio::test]
#[should_panic = "at least 1 byte a second"]
async fn bandwidth_of_zero_is_no_bandwidth() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    proxy.set(Fault::Bandwidth { bytes_per_sec: 0 });
}
