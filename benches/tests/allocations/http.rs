//! The HTTP client: what it adds to reqwest.

use steadfast_benches::Loopback;
use tokio::runtime::{Builder, Runtime};

use super::{CALLS, allocations};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What one request allocates whose answer is small and is read.
fn per_request(mut request: impl AsyncFnMut()) -> f64 {
    let runtime = runtime();
    // The connection, and what else is made once.
    runtime.block_on(async {
        for _ in 0..10 {
            request().await;
        }
    });
    // In a box of our own: tokio puts large futures into one in debug builds, and small ones not.
    let all = allocations(|| runtime.block_on(Box::pin(request())));
    all as f64 / CALLS as f64 - 1.0
}

#[test]
fn a_request_adds_two_allocations_to_reqwests_own() {
    let url = Loopback::start().url();
    let bare = reqwest::Client::builder().build().unwrap();
    let bare = per_request(async || {
        let answer = bare.get(&url).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap().len(), 128);
    });
    let ours = steadfast_http::Client::named("bench").build().unwrap();
    let ours = per_request(async || {
        let answer = ours.get(&url).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap().len(), 128);
    });
    assert!(ours - bare <= 2.5, "{bare} bare, {ours} with all patterns");
}
