//! Who gets in: refuse, reset, sever, a missing upstream, and the end of the proxy.

use std::{
    io::{ErrorKind, Read, Write},
    net::Ipv4Addr,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Echo, echoed, eventually, exchange, fate, get, get_once, read_error};

#[tokio::test]
async fn refuses_new_connections_and_leaves_open_ones_alone() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut open = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(echoed(&mut open, "before").await.unwrap(), "before");

    proxy.set(Fault::Refuse);
    let refused = TcpStream::connect(proxy.addr()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(echoed(&mut open, "during").await.unwrap(), "during");
    assert_eq!(proxy.stats().accepted, 1);
}

#[tokio::test]
async fn heals_on_the_port_that_it_refused_on() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    for _ in 0..20 {
        proxy.set(Fault::Refuse);
        assert!(TcpStream::connect(proxy.addr()).await.is_err());
        proxy.heal();
        let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
        assert_eq!(echoed(&mut stream, "hello").await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn resets_open_connections_at_once_and_new_ones_when_they_come() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut open = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(echoed(&mut open, "before").await.unwrap(), "before");

    proxy.set(Fault::Reset);
    assert_eq!(read_error(&mut open).await, ErrorKind::ConnectionReset);
    assert_eq!(fate(proxy.addr()).await, ErrorKind::ConnectionReset);
    assert_eq!((proxy.stats().reset, proxy.stats().open), (2, 0));
}

#[tokio::test]
async fn severs_every_open_connection_and_no_later_one() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
        echoed(&mut stream, "in").await.unwrap();
        open.push(stream);
    }
    assert_eq!(proxy.sever(), 3);
    for stream in &mut open {
        assert_eq!(read_error(stream).await, ErrorKind::ConnectionReset);
    }
    let mut new = TcpStream::connect(proxy.addr()).await.unwrap();
    assert_eq!(echoed(&mut new, "alive").await.unwrap(), "alive");
    assert_eq!(proxy.stats().reset, 3);
}

#[tokio::test]
async fn resets_clients_whose_upstream_is_not_there() {
    // Bound, so that nobody else gets the port, and not listening.
    let nobody = TcpSocket::new_v4().unwrap();
    nobody.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let proxy = FaultProxy::start(nobody.local_addr().unwrap()).await;
    assert_eq!(fate(proxy.addr()).await, ErrorKind::ConnectionReset);
    eventually("the connection is counted", || {
        proxy.stats().unreachable == 1 && proxy.stats().open == 0
    })
    .await;
}

#[tokio::test]
async fn passes_on_a_reset_by_the_upstream() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::reset()]);
    let proxy = FaultProxy::start(upstream.addr()).await;
    let error = exchange(proxy.addr(), get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn passes_on_a_reset_by_the_client() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall()]);
    let proxy = FaultProxy::start(upstream.addr()).await;
    let stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.set_zero_linger().unwrap();
    stream.writable().await.unwrap();
    stream.try_write(get("/").as_bytes()).unwrap();
    eventually("the request arrives", || upstream.in_flight() == 1).await;
    drop(stream);
    eventually("the upstream is rid of it", || {
        upstream.open_connections() == 0 && proxy.stats().open == 0
    })
    .await;
}

#[tokio::test]
async fn ends_with_its_connections_when_it_is_dropped() {
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    let addr = proxy.addr();
    let mut open = TcpStream::connect(addr).await.unwrap();
    echoed(&mut open, "in").await.unwrap();

    drop(proxy);
    assert_eq!(read_error(&mut open).await, ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(addr).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn refuses_and_resets_at_once_while_child_processes_are_being_started() {
    // A child holds copies of all sockets until it executes its program.
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let spawner = thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            Command::new("true").status().unwrap();
        }
    });
    let echo = Echo::start().await;
    let proxy = FaultProxy::start(echo.addr).await;
    for _ in 0..100 {
        let mut open = TcpStream::connect(proxy.addr()).await.unwrap();
        echoed(&mut open, "in").await.unwrap();
        proxy.set(Fault::Refuse);
        assert!(TcpStream::connect(proxy.addr()).await.is_err());
        assert_eq!(proxy.sever(), 1);
        let ended = open.into_std().unwrap().read(&mut [0]).unwrap_err();
        assert_eq!(ended.kind(), ErrorKind::ConnectionReset);
        proxy.heal();
    }
    stop.store(true, Ordering::Relaxed);
    spawner.join().unwrap();
}

#[tokio::test]
async fn serves_a_client_that_blocks_the_only_thread_of_the_runtime() {
    let upstream = HttpUpstream::start().await;
    let proxy = FaultProxy::start(upstream.addr()).await;
    let mut stream = std::net::TcpStream::connect(proxy.addr()).unwrap();
    stream.write_all(get_once("/").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
}
