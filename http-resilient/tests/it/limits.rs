//! Bodies that break off, stall or do not end: the reader is told which it was, and the circuit too.

use std::fmt::Debug;
use std::time::Duration;

use steadfast_http::{BodyError, Error, RequestBuilder, ResponseExt};
use steadfast_testkit::{HttpUpstream, Reply, Upstream};

use crate::support::{SECOND, millis, once, only, quick};

const LIMIT: u64 = 10_000;
const STALL: Duration = Duration::from_millis(200);

/// One failure of a body, and what is asked of its error.
struct Case {
    what: &'static str,
    read_timeout: Duration,
    reply: Reply,
    check: fn(&Error) -> bool,
}

fn is_cut_short(error: &Error) -> bool {
    let Error::Response { source, .. } = error else {
        return false;
    };
    BodyError::find(source).is_none() && source.is_decode() && !error.is_timeout()
}

fn is_stalled(error: &Error) -> bool {
    let found = matches!(
        BodyError::find(error),
        Some(BodyError::Stalled { after, .. }) if *after == STALL
    );
    found && error.is_timeout()
}

fn is_too_large(error: &Error) -> bool {
    let found = matches!(
        BodyError::find(error),
        Some(BodyError::TooLarge { limit, .. }) if *limit == LIMIT
    );
    found && error.is_body_too_large()
}

fn is_known_to_be_too_large(error: &Error) -> bool {
    matches!(error, Error::BodyTooLarge { limit, .. } if *limit == LIMIT)
        && error.is_body_too_large()
}

/// All of them, with a length in the head and without.
fn cases() -> Vec<Case> {
    let after = |read_timeout, what, reply, check| Case {
        what,
        read_timeout,
        reply,
        check,
    };
    // Longer than a busy machine takes for anything that comes at all.
    let case = |what, reply, check| after(60 * SECOND, what, reply, check);
    let cut = || Reply::ok("half of this").cut_body_after(6);
    let cut_large = || Reply::ok(vec![b'x'; 9_000]).cut_body_after(8_000);
    let stalled = || Reply::ok("stalled").slow_body(1, 600 * SECOND);
    let endless = || Reply::repeat([b'x'; 1024], 1 << 30);
    let one_too_many = || Reply::ok(vec![b'x'; LIMIT as usize + 1]);
    vec![
        case("cut short", cut(), is_cut_short),
        case("cut short, chunked", cut().chunked(), is_cut_short),
        case("cut short late", cut_large(), is_cut_short),
        case(
            "cut short late, chunked",
            cut_large().chunked(),
            is_cut_short,
        ),
        after(STALL, "stalled", stalled(), is_stalled),
        after(STALL, "stalled, chunked", stalled().chunked(), is_stalled),
        case("endless", endless(), is_known_to_be_too_large),
        case("endless, chunked", endless().chunked(), is_too_large),
        case("one too many", one_too_many(), is_known_to_be_too_large),
        case(
            "one too many, chunked",
            one_too_many().chunked(),
            is_too_large,
        ),
    ]
}

async fn read(request: RequestBuilder) -> Result<bytes::Bytes, Error> {
    Ok(request.send().await?.bytes().await?)
}

/// The same in small pieces; says how much was handed out.
async fn read_in_chunks(request: RequestBuilder) -> (u64, Result<(), Error>) {
    let mut read = 0;
    let mut response = match request.send().await {
        Ok(response) => response,
        Err(error) => return (read, Err(error)),
    };
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len() as u64,
            Ok(None) => return (read, Ok(())),
            Err(error) => return (read, Err(error.into())),
        }
    }
}

async fn each_is_told_and_counted<P: Debug>(upstream: &Upstream<P>, http: reqwest::Client) {
    let client = |read_timeout| {
        let builder = once().client(http.clone()).failure_threshold(u32::MAX);
        let builder = builder.max_response_bytes(LIMIT).read_timeout(read_timeout);
        builder.total_timeout(60 * SECOND).build().unwrap()
    };
    let url = upstream.url("/");
    for case in cases() {
        let Case {
            what, reply, check, ..
        } = case;
        let client = client(case.read_timeout);
        let request = || client.get(&url);
        upstream.script([reply.clone(), reply]);
        let error = read(request()).await.expect_err(what);
        assert!(check(&error), "{what}: {error:?}");
        let (read, result) = read_in_chunks(request()).await;
        let error = result.expect_err(what);
        assert!(check(&error), "{what}, in chunks: {error:?}");
        assert!(read <= LIMIT, "{what}: {read} bytes were handed out");
        let patterns = only(&client);
        assert_eq!(patterns.breaker.consecutive_failures, 2, "{what}");
        assert_eq!(patterns.breaker.in_flight, 0, "{what}");
        assert_eq!(patterns.bulkhead.busy, 0, "{what}");
    }
    upstream.script([Reply::ok(vec![b'x'; LIMIT as usize]).chunked()]);
    let client = client(60 * SECOND);
    let whole = read(client.get(&url)).await.unwrap();
    assert_eq!(whole.len() as u64, LIMIT, "as large as allowed");
    assert_eq!(only(&client).breaker.totals.success, 1);
}

#[tokio::test]
async fn each_is_told_and_counted_over_http1() {
    let upstream = HttpUpstream::start().await;
    each_is_told_and_counted(&upstream, reqwest::Client::new()).await;
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn each_is_told_and_counted_over_http2() {
    let upstream = steadfast_testkit::Http2Upstream::start().await;
    let http = reqwest::Client::builder().http2_prior_knowledge();
    each_is_told_and_counted(&upstream, http.build().unwrap()).await;
    assert_eq!(upstream.connections(), 1, "a stream is given up alone");
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn the_limit_is_one_of_what_has_been_decompressed() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::gzip_bomb(LIMIT), Reply::gzip_bomb(LIMIT + 1)]);
    let client = once().max_response_bytes(LIMIT).build().unwrap();
    let url = upstream.url("/");
    assert_eq!(read(client.get(&url)).await.unwrap().len() as u64, LIMIT);
    let error = read(client.get(&url)).await.unwrap_err();
    assert!(is_too_large(&error), "{error:?}");
    assert_eq!(only(&client).breaker.totals.failure, 1);
}

#[tokio::test]
async fn one_request_can_have_limits_of_its_own() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::ok(vec![b'x'; 101]),
        Reply::ok("stalled").slow_body(1, 600 * SECOND),
    ]);
    let client = once().build().unwrap();
    let request = client.get(upstream.url("/")).max_response_bytes(100);
    assert!(request.send().await.unwrap_err().is_body_too_large());
    let request = client.get(upstream.url("/")).read_timeout(millis(50));
    let error = request.send().await.unwrap().bytes().await.unwrap_err();
    assert!(matches!(
        BodyError::find(&error),
        Some(BodyError::Stalled { .. })
    ));
    // That they are narrower than the client's says nothing about the server.
    let totals = only(&client).breaker.totals;
    assert_eq!((totals.ignored, totals.failure), (2, 0));
}

#[tokio::test]
async fn a_limit_of_its_own_that_is_wider_blames_the_server_all_the_same() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok(vec![b'x'; 101])]);
    let client = once().max_response_bytes(50).build().unwrap();
    let request = client.get(upstream.url("/")).max_response_bytes(100);
    assert!(request.send().await.unwrap_err().is_body_too_large());
    assert_eq!(only(&client).breaker.totals.failure, 1);
}

#[tokio::test]
async fn an_error_page_that_is_too_large_is_still_worth_a_retry() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503).body(vec![b'x'; 101]), Reply::ok("fine")]);
    let client = quick().max_response_bytes(100).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 2);
    assert_eq!(response.text().await.unwrap(), "fine");
}

#[tokio::test]
async fn a_body_that_was_read_whole_does_not_miss_its_deadline() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok(vec![b'x'; 20_000])]);
    let client = once().total_timeout(SECOND).build().unwrap();
    let mut response = client.get(upstream.url("/")).send().await.unwrap();
    let mut read = 0;
    while read < 20_000 {
        read += response.chunk().await.unwrap().unwrap().len();
    }
    tokio::time::sleep(SECOND + millis(1)).await;
    assert_eq!(response.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_slow_body_that_keeps_coming_is_not_stalled() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("drip").slow_body(1, millis(100))]);
    let client = once().read_timeout(4 * SECOND).build().unwrap();
    let body = read(client.get(upstream.url("/"))).await.unwrap();
    assert_eq!(body, "drip");
    assert_eq!(only(&client).breaker.totals.success, 1);
}
