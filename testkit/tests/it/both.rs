//! What HTTP/1.1 and HTTP/2 upstreams do alike.

use std::{
    io::{self, Write},
    time::Duration,
};

use flate2::write::GzDecoder;
use steadfast_testkit::{Http2Upstream, HttpUpstream, Reason, Reply, Upstream};

use crate::{
    clients::{Outcome, http1, http2, outcome_on_both},
    support::eventually,
};

const MIB: u64 = 1 << 20;

fn whole(status: u16, body: &str) -> Outcome {
    Outcome::Whole(status, body.to_owned())
}

#[tokio::test]
async fn answers_with_statuses_and_bodies() {
    for reply in [
        Reply::status(503).body("busy"),
        Reply::status(503).body("busy").chunked(),
        Reply::status(503)
            .body("busy")
            .delay(Duration::from_millis(20)),
        Reply::status(503)
            .body("busy")
            .slow_body(1, Duration::from_millis(1)),
        Reply::status(503).body("busy").then_close(),
        Reply::status(503)
            .body("busy")
            .header("connection", "keep-alive"),
    ] {
        let described = format!("{reply:?}");
        assert_eq!(
            outcome_on_both(reply).await,
            whole(503, "busy"),
            "{described}"
        );
    }
    assert_eq!(outcome_on_both(Reply::status(204)).await, whole(204, ""));
}

#[tokio::test]
async fn gives_no_answer() {
    for reply in [
        Reply::reset(),
        Reply::close(),
        Reply::raw("garbage\r\n\r\n"),
        Reply::reset_stream(Reason::REFUSED_STREAM),
        Reply::reset_stream(Reason::INTERNAL_ERROR),
        Reply::go_away(Reason::NO_ERROR),
    ] {
        let described = format!("{reply:?}");
        assert_eq!(
            outcome_on_both(reply).await,
            Outcome::Nothing,
            "{described}"
        );
    }
}

#[tokio::test]
async fn cuts_a_body_where_the_script_says() {
    for (reply, bytes) in [
        (Reply::ok("half of this").cut_body_after(4), 4),
        (Reply::ok("half of this").cut_body_after(0), 0),
        (Reply::ok("all").cut_body_after(99), 3),
        (Reply::ok("half of this").chunked().cut_body_after(4), 4),
        (
            Reply::repeat("0123456789", MIB).cut_body_after(100_001),
            100_001,
        ),
    ] {
        let described = format!("{reply:?}");
        assert_eq!(
            outcome_on_both(reply).await,
            Outcome::Cut(200, bytes),
            "{described}"
        );
    }
}

#[tokio::test]
async fn repeats_a_piece_with_a_length_and_without() {
    async fn check<P>(client: reqwest::Client, upstream: Upstream<P>) {
        let reply = Reply::repeat("0123456789abcdef", MIB);
        upstream.script([reply.clone(), reply.chunked()]);
        for length in [Some(16 * MIB), None] {
            let mut response = client.get(upstream.url("/")).send().await.unwrap();
            assert_eq!(response.content_length(), length);
            let mut read = 0;
            while let Some(piece) = response.chunk().await.unwrap() {
                read += piece.len() as u64;
            }
            assert_eq!(read, 16 * MIB);
        }
    }
    check(http1(), HttpUpstream::start().await).await;
    check(http2(), Http2Upstream::start().await).await;
}

#[tokio::test]
async fn sends_a_pebibyte_until_the_client_has_had_enough() {
    async fn check<P>(client: reqwest::Client, upstream: Upstream<P>) {
        upstream.script([Reply::repeat("x", 1 << 50)]);
        let mut response = client.get(upstream.url("/")).send().await.unwrap();
        let mut read = 0;
        while read < MIB as usize {
            read += response.chunk().await.unwrap().unwrap().len();
        }
        drop(response);
        eventually("the server has given up", || upstream.in_flight() == 0).await;
    }
    check(http1(), HttpUpstream::start().await).await;
    check(http2(), Http2Upstream::start().await).await;
}

/// Counts what is written to it.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn sends_a_bomb_that_inflates_a_thousandfold() {
    async fn check<P>(client: reqwest::Client, upstream: Upstream<P>) {
        upstream.script([Reply::gzip_bomb(20 * MIB), Reply::gzip_bomb(10 << 30)]);
        let mut small = client.get(upstream.url("/")).send().await.unwrap();
        assert_eq!(small.headers()["content-encoding"], "gzip");
        let mut decoder = GzDecoder::new(Count(0));
        let mut sent = 0;
        while let Some(piece) = small.chunk().await.unwrap() {
            sent += piece.len() as u64;
            decoder.write_all(&piece).unwrap();
        }
        assert_eq!(decoder.finish().unwrap().0, 20 * MIB);
        assert!(sent < MIB, "{sent}");

        // Ten gibibytes are too many to inflate in a test: as far as a client with a limit would go.
        let mut large = client.get(upstream.url("/")).send().await.unwrap();
        assert!(large.content_length().unwrap() < 12 * MIB);
        let mut decoder = GzDecoder::new(Count(0));
        while decoder.get_ref().0 < 16 * MIB {
            let piece = large.chunk().await.unwrap().unwrap();
            decoder.write_all(&piece).unwrap();
        }
    }
    check(http1(), HttpUpstream::start().await).await;
    check(http2(), Http2Upstream::start().await).await;
}

#[tokio::test]
async fn keeps_the_last_requests_and_counts_all() {
    async fn check<P>(client: reqwest::Client, upstream: Upstream<P>) {
        upstream.keep_last(2);
        for path in ["/a", "/b", "/c"] {
            client.get(upstream.url(path)).send().await.unwrap();
        }
        let requests = upstream.requests();
        let paths: Vec<&str> = requests.iter().map(|kept| &*kept.path).collect();
        assert_eq!((paths, upstream.request_count()), (vec!["/b", "/c"], 3));
        upstream.keep_last(0);
        client.get(upstream.url("/d")).send().await.unwrap();
        assert_eq!(
            (upstream.requests().len(), upstream.request_count()),
            (0, 4)
        );
    }
    check(http1(), HttpUpstream::start().await).await;
    check(http2(), Http2Upstream::start().await).await;
}
