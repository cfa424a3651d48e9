//! Connections that end in the middle.

use std::io::ErrorKind;

use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{Echo, echoed, eventually, exchange, fate, get, get_once, soon};

#[tokio::test]
async fn cuts_an_answer_after_exactly_so_many_bytes() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::ok("x".repeat(100_000)));
    let proxy = FaultProxy::start(upstream.addr()).await;
    for bytes in [1, 40, 16_384, 50_000] {
        proxy.set(Fault::CutAfter { bytes });
        let answer = exchange(proxy.addr(), get("/")).await.unwrap();
        assert_eq!(answer.len() as u64, bytes);
    }
    assert_eq!(
        upstream.request_count(),
        4,
        "the requests got through whole"
    );
}

#[tokio::test]
async fn cuts_before_the_first_byte_of_an_answer() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    proxy.set(Fault::CutAfter { bytes: 0 });
    assert_eq!(exchange(proxy.addr(), get("/")).await.unwrap(), "");
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn counts_for_an_open_connection_from_the_moment_the_fault_is_set() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    echoed(&mut stream, "well over four bytes").await.unwrap();

    proxy.set(Fault::CutAfter { bytes: 4 });
    stream.write_all(b"12").await.unwrap();
    let mut two = [0; 2];
    soon(stream.read_exact(&mut two)).await.unwrap();
    stream.write_all(b"345678").await.unwrap();
    let mut rest = String::new();
    soon(stream.read_to_string(&mut rest)).await.unwrap();
    assert_eq!(rest, "34");
}

#[tokio::test]
async fn counts_anew_when_the_same_fault_is_set_again() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    for _ in 0..3 {
        proxy.set(Fault::CutAfter { bytes: 4 });
        assert_eq!(echoed(&mut stream, "abc").await.unwrap(), "abc");
    }
    stream.write_all(b"abc").await.unwrap();
    let mut rest = String::new();
    soon(stream.read_to_string(&mut rest)).await.unwrap();
    assert_eq!(rest, "a");
}

#[tokio::test]
async fn counts_each_connection_by_itself() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    proxy.set(Fault::CutAfter { bytes: 6 });
    for _ in 0..2 {
        let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(echoed(&mut stream, "first").await.unwrap(), "first");
    }
}

#[tokio::test]
async fn cuts_a_request_half_way_so_that_the_upstream_never_gets_all_of_it() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    proxy.set(Fault::CutRequestAfter { bytes: 20 });
    let request = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100));
    let answer = exchange(proxy.addr(), request).await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.is_empty()));
    eventually("the upstream sees it break off", || {
        upstream.broken_requests() == 1
    })
    .await;
    assert_eq!(upstream.request_count(), 0);
    assert_eq!(proxy.stats().bytes_to_upstream, 20);
}

#[tokio::test]
async fn lets_connections_be_whole_again_when_healed() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    proxy.set(Fault::CutAfter { bytes: 3 });
    assert_eq!(exchange(proxy.addr(), get_once("/")).await.unwrap(), "HTT");
    proxy.heal();
    let answer = exchange(proxy.addr(), get_once("/")).await.unwrap();
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
}

#[tokio::test]
async fn two_proxies_in_a_row_do_two_things() {
    let upstream = HttpUpstream::start().await;
    let inner = FaultProxy::start(upstream.addr()).await;
    let outer = FaultProxy::start(inner.addr()).await;
    outer.set(Fault::CutAfter { bytes: 5 });
    assert_eq!(exchange(outer.addr(), get("/")).await.unwrap(), "HTTP/");
    outer.heal();
    inner.set(Fault::Reset);
    assert_eq!(fate(outer.addr()).await, ErrorKind::ConnectionReset);
}
