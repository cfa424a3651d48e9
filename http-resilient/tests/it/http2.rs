//! HTTP/2: a server that says it has not touched a request has not.

use std::net::SocketAddr;

use h2::{Reason, server};
use steadfast_breaker::State;
use steadfast_http::{Builder, ResponseExt};
use tokio::net::TcpListener;

use crate::support::{only, quick};

/// A server that refuses the first stream and answers the others.
async fn refusing(
    refuse: fn(
        &mut server::Connection<tokio::net::TcpStream, bytes::Bytes>,
        server::SendResponse<bytes::Bytes>,
    ),
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut first = true;
        while let Ok((stream, _)) = listener.accept().await {
            let mut connection = server::handshake(stream).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                if std::mem::take(&mut first) {
                    refuse(&mut connection, respond);
                } else {
                    let response = http::Response::new(());
                    respond.send_response(response, true).unwrap();
                }
            }
        }
    });
    addr
}

fn http2() -> Builder {
    quick()
        .reqwest(reqwest::Client::builder().http2_prior_knowledge())
        .redirect(reqwest::redirect::Policy::default())
}

#[tokio::test]
async fn a_refused_stream_was_not_sent() {
    let addr = refusing(|_, mut respond| respond.send_reset(Reason::REFUSED_STREAM)).await;
    let client = http2().build().unwrap();
    let response = client.post(format!("http://{addr}/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(only(&client).breaker.totals.failure, 1);
}

#[tokio::test]
async fn any_other_reset_may_come_after_the_work() {
    let addr = refusing(|_, mut respond| respond.send_reset(Reason::INTERNAL_ERROR)).await;
    let client = http2().build().unwrap();
    let error = client
        .post(format!("http://{addr}/"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 1);
    assert!(error.was_sent());
}

#[tokio::test]
async fn a_server_that_leaves_in_good_order_opens_no_circuit() {
    // The last stream it takes is 0: none.
    let addr = leaving().await;
    let client = http2().failure_threshold(1).build().unwrap();
    let response = client.post(format!("http://{addr}/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(only(&client).breaker.state, State::Closed);
    assert_eq!(only(&client).breaker.totals.ignored, 1);
}

/// A server that closes its first connection in good order before it takes a stream, and answers on
/// the second. Speaks the frames itself: a library does not leave that abruptly.
async fn leaving() -> SocketAddr {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        stream.write_all(&settings).await.unwrap();
        // The client's preface, settings and request; enough of them to know it has asked.
        let mut read = Vec::new();
        while !has_headers(&read) {
            stream.read_buf(&mut read).await.unwrap();
        }
        // GOAWAY, last stream 0, NO_ERROR.
        let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        stream.write_all(&goaway).await.unwrap();
        let (second, _) = listener.accept().await.unwrap();
        let mut connection = server::handshake(second).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond
                .send_response(http::Response::new(()), true)
                .unwrap();
        }
    });
    addr
}

/// Whether a HEADERS frame is among the bytes that a client has sent.
fn has_headers(read: &[u8]) -> bool {
    let mut rest = read
        .get(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()..)
        .unwrap_or_default();
    while let [a, b, c, kind, ..] = *rest {
        if kind == 1 {
            return true;
        }
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    false
}
