//! What the upstream takes in, and what it keeps of it.

use steadfast_testkit::{HttpUpstream, Reply};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::support::{eventually, exchange, get, get_once, read_answer, read_head};

#[tokio::test]
async fn keeps_method_target_headers_and_body() {
    let upstream = HttpUpstream::start().await;
    let request = "POST /orders?page=2 HTTP/1.1\r\nX-Trace: a:b\r\ncontent-length: 5\r\n\
                   connection: close\r\n\r\nhello";
    exchange(upstream.addr(), request).await.unwrap();
    let received = &upstream.requests()[0];
    assert_eq!(received.method, "POST");
    assert_eq!(received.path, "/orders?page=2");
    assert_eq!(received.header("x-trace"), Some("a:b"));
    assert_eq!(received.header("X-TRACE"), Some("a:b"));
    assert_eq!(received.header("missing"), None);
    assert_eq!(received.text(), "hello");
    assert_eq!(received.headers[0].0, "x-trace");
}

#[tokio::test]
async fn serves_many_requests_on_one_connection_and_tells_connections_apart() {
    let upstream = HttpUpstream::start().await;
    let mut first = TcpStream::connect(upstream.addr()).await.unwrap();
    for path in ["/a", "/b"] {
        first.write_all(get(path).as_bytes()).await.unwrap();
        read_answer(&mut first).await;
    }
    exchange(upstream.addr(), get_once("/c")).await.unwrap();
    let at: Vec<u64> = upstream
        .requests()
        .iter()
        .map(|received| received.at_connection)
        .collect();
    assert_eq!(at, [0, 0, 1]);
    assert_eq!(upstream.connections(), 2);
    eventually("the second is closed", || upstream.open_connections() == 1).await;
}

#[tokio::test]
async fn answers_requests_that_come_in_one_packet() {
    let upstream = HttpUpstream::start().await;
    let packet = [get("/a"), get("/b"), get_once("/c")].concat();
    let answers = exchange(upstream.addr(), packet).await.unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 3);
    assert_eq!(upstream.request_count(), 3);
}

#[tokio::test]
async fn takes_chunked_bodies_with_extensions_and_trailers() {
    let upstream = HttpUpstream::start().await;
    let request = "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n\
                   5\r\nhello\r\nA;name=value\r\n, chunks! \r\n0\r\nx-sum: 1\r\n\r\n";
    exchange(upstream.addr(), request).await.unwrap();
    assert_eq!(upstream.requests()[0].text(), "hello, chunks! ");
}

#[tokio::test]
async fn takes_requests_that_arrive_byte_by_byte() {
    let upstream = HttpUpstream::start().await;
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for byte in b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n" {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    read_answer(&mut stream).await;
    assert_eq!(upstream.requests()[0].text(), "hi");
}

#[tokio::test]
async fn gives_leave_to_a_client_that_asks_before_it_sends_the_body() {
    let upstream = HttpUpstream::start().await;
    let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
    let head = "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_head(&mut stream).await.starts_with("HTTP/1.1 100 "));
    assert_eq!(upstream.request_count(), 0);
    stream.write_all(b"hi").await.unwrap();
    read_answer(&mut stream).await;
    assert_eq!(upstream.requests()[0].text(), "hi");
}

#[tokio::test]
async fn counts_a_request_that_breaks_off_as_broken_and_not_as_received() {
    let upstream = HttpUpstream::start().await;
    for part in [
        "GET / HT",
        "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf",
    ] {
        let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
        stream.write_all(part.as_bytes()).await.unwrap();
    }
    eventually("both are seen to end", || upstream.broken_requests() == 2).await;
    assert_eq!(upstream.request_count(), 0);
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn answers_400_to_what_is_not_http() {
    let upstream = HttpUpstream::start().await;
    for nonsense in [
        "hello\r\n\r\n",
        "GET / FTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
    ] {
        let answer = exchange(upstream.addr(), nonsense).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{nonsense}: {answer}");
    }
    assert_eq!(
        (upstream.broken_requests(), upstream.request_count()),
        (4, 0)
    );
}

#[tokio::test]
async fn counts_requests_in_flight_and_their_peak() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::stall(), Reply::stall(), Reply::stall()]);
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(upstream.addr()).await.unwrap();
        stream.write_all(get("/").as_bytes()).await.unwrap();
        open.push(stream);
    }
    eventually("all three wait", || upstream.in_flight() == 3).await;
    drop(open);
    eventually("none waits", || upstream.in_flight() == 0).await;
    exchange(upstream.addr(), get_once("/")).await.unwrap();
    assert_eq!(upstream.peak_in_flight(), 3);
}

#[tokio::test]
async fn forgets_requests_and_goes_on_counting() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, before| Reply::ok(before.to_string()));
    exchange(upstream.addr(), get_once("/")).await.unwrap();
    upstream.forget();
    assert!(upstream.requests().is_empty());
    let answer = exchange(upstream.addr(), get_once("/")).await.unwrap();
    assert!(answer.ends_with("\r\n\r\n1"), "{answer}");
    assert_eq!(
        (upstream.requests().len(), upstream.request_count()),
        (1, 2)
    );
}
