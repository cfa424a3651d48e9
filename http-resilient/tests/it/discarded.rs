//! Responses that a retry replaces: their connection is to live on, but not at any price.

use steadfast_http::ResponseExt;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, quick};

#[tokio::test]
async fn are_read_so_that_the_connection_lives_on() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).body(vec![b'x'; 16 * 1024]),
        Reply::status(503).body("chunks").chunked(),
        Reply::status(503),
        Reply::ok("well"),
    ]);
    let client = quick().max_attempts(4).build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.attempts(), 4);
    assert_eq!(response.text().await.unwrap(), "well");
    assert_eq!(upstream.connections(), 1);
    let totals = client.snapshot().totals;
    assert_eq!((totals.drained, totals.cut_off), (3, 0));
}

#[tokio::test]
async fn that_are_too_long_are_cut_off() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).body(vec![b'x'; 1 << 20]),
        Reply::status(503).body(vec![b'x'; 1 << 20]).chunked(),
        Reply::ok("well"),
    ]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "well");
    assert_eq!(upstream.connections(), 3);
    let totals = client.snapshot().totals;
    assert_eq!((totals.drained, totals.cut_off), (0, 2));
}

#[tokio::test]
async fn that_are_too_slow_are_cut_off() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).body("slow").slow_body(1, 60 * SECOND),
        Reply::ok("well"),
    ]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "well");
    assert_eq!(client.snapshot().totals.cut_off, 1);
}

#[tokio::test]
async fn that_break_off_do_no_harm() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).body("broken").cut_body_after(2),
        Reply::ok("well"),
    ]);
    let client = quick().build().unwrap();
    let response = client.get(upstream.url("/")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "well");
}
