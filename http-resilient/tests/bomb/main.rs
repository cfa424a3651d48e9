//! Ten gigabytes that come as ten megabytes. In a process of its own, as its memory is measured: the
//! client, the server and the test together stay under 64 MiB.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "the figures of a run")]

use steadfast_http::{BodyError, Client};
use steadfast_testkit::{HttpUpstream, Reply};

const BOMB: u64 = 10 << 30;
const LIMIT: u64 = 8 << 20;
const MOST_MEMORY: u64 = 64 << 20;

fn client() -> Client {
    Client::named("bomb")
        .max_response_bytes(LIMIT)
        .build()
        .unwrap()
}

async fn bomb() -> HttpUpstream {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::gzip_bomb(BOMB));
    upstream
}

/// The most memory that this process has had, in bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib: u64 = line
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    kib * 1024
}

fn check(client: &Client, error: &reqwest::Error) {
    assert!(
        matches!(BodyError::find(error), Some(BodyError::TooLarge { limit, .. }) if *limit == LIMIT),
        "{error:?}"
    );
    let patterns = client.snapshot().authorities.remove(0);
    assert_eq!(patterns.breaker.totals.failure, 1);
    assert_eq!(patterns.bulkhead.busy, 0);
    let peak = peak_memory();
    println!("peak: {} KiB", peak / 1024);
    assert!(peak < MOST_MEMORY, "{peak} bytes");
}

#[tokio::test]
async fn is_stopped_when_all_is_read_at_once() {
    let (upstream, client) = (bomb().await, client());
    let response = client.get(upstream.url("/")).send().await.unwrap();
    let error = response.bytes().await.unwrap_err();
    check(&client, &error);
}

#[tokio::test]
async fn is_stopped_when_it_is_read_in_pieces() {
    let (upstream, client) = (bomb().await, client());
    let mut response = client.get(upstream.url("/")).send().await.unwrap();
    let mut read = 0;
    let error = loop {
        match response.chunk().await {
            Ok(chunk) => read += chunk.unwrap().len() as u64,
            Err(error) => break error,
        }
    };
    assert!(read <= LIMIT, "{read} bytes were handed out");
    check(&client, &error);
    assert!(
        response.chunk().await.unwrap().is_none(),
        "nothing comes after"
    );
}
