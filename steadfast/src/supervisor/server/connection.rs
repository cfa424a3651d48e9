//! One connection of the dashboard's server.

use std::future::Future;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;

/// Answers what is asked until the other side has enough, or `stopped` is over; then what was begun is finished.
pub(super) async fn converse(
    stream: impl AsyncRead + AsyncWrite,
    router: Router,
    stopped: impl Future<Output = ()>,
) {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(TAKEN));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    tokio::pin!(connection);
    tokio::select! {
        biased;
        // An error is the other side's: it went away, took nothing any more, or spoke no HTTP.
        _ = connection.as_mut() => return,
        () = stopped => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// How long the head of a request may take.
const HEADERS: Duration = Duration::from_secs(10);

/// How long the other side may take nothing of what is to be sent. It is a browser that was suspended, or somebody
/// who means no good: HTTP itself would wait for ever.
const TAKEN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::body::Body;
    use axum::routing::get;
    use futures_util::stream::unfold;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::sleep;

    use super::*;
    use crate::supervisor::clock;

    const LARGE: usize = 1 << 20;
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

    fn router() -> Router {
        Router::new().route("/", get(|| async { Body::from(vec![b'x'; LARGE]) }))
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_not_waited_for() {
        let (mut client, server) = duplex(64);
        client.write_all(REQUEST).await.unwrap();
        let begun = clock::now();
        converse(server, router(), std::future::pending()).await;
        assert_eq!(begun.elapsed(), TAKEN);
    }

    /// Nor is it when the server is to stop, which ends connections only once they are done.
    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_does_not_hold_up_the_end() {
        let (mut client, server) = duplex(64);
        client.write_all(REQUEST).await.unwrap();
        let begun = clock::now();
        converse(server, router(), sleep(TAKEN / 2)).await;
        assert_eq!(begun.elapsed(), TAKEN);
    }

    /// A browser opens connections before it knows what to ask for.
    #[tokio::test(start_paused = true)]
    async fn who_has_asked_for_nothing_does_not_hold_up_the_end() {
        let (_client, server) = duplex(64);
        let begun = clock::now();
        converse(server, router(), sleep(Duration::from_secs(1))).await;
        assert_eq!(begun.elapsed(), Duration::from_secs(1));
    }

    /// As a live page of a service in which nothing happens.
    #[tokio::test(start_paused = true)]
    async fn what_says_nothing_for_long_stays() {
        let slowly = || async {
            Body::from_stream(unfold(0, |told| async move {
                sleep(10 * TAKEN).await;
                (told < 3).then_some((Ok::<_, Infallible>("x"), told + 1))
            }))
        };
        let router = Router::new().route("/", get(slowly));
        let (mut client, server) = duplex(1024);
        client.write_all(REQUEST).await.unwrap();
        let server = tokio::spawn(converse(server, router, std::future::pending()));
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert_eq!(answer.matches("1\r\nx").count(), 3, "{answer}");
        assert!(answer.ends_with("0\r\n\r\n"), "{answer}");
        server.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_gets_everything() {
        let (mut client, server) = duplex(LARGE / 8);
        client.write_all(REQUEST).await.unwrap();
        let server = tokio::spawn(converse(server, router(), std::future::pending()));
        let mut read = 0;
        let mut some = vec![0; LARGE / 8];
        loop {
            sleep(TAKEN - Duration::from_secs(1)).await;
            match client.read(&mut some).await.unwrap() {
                0 => break,
                more => read += more,
            }
        }
        assert!(read > LARGE, "{read}");
        server.await.unwrap();
    }
}
