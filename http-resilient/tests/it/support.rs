//! What the tests share.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use steadfast_http::{AuthoritySnapshot, Builder, Client};
use steadfast_testkit::{HttpUpstream, Reply};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// As long as a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(10);

#[expect(
    clippy::disallowed_methods,
    reason = "the clock of tests on real sockets"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A client that loses no time with backoffs.
pub(crate) fn quick() -> Builder {
    Client::named("test")
        .base_backoff(millis(1))
        .max_backoff(millis(5))
        .jitter_seed(7)
        .attempt_timeout(5 * SECOND)
        .total_timeout(10 * SECOND)
}

/// A client that makes one attempt.
pub(crate) fn once() -> Builder {
    quick().max_attempts(1)
}

/// A response that holds its place until it is read: small ones are over as soon as they are there.
pub(crate) fn long() -> Reply {
    Reply::ok(vec![b'x'; 100_000])
}

/// An address on which nobody listens: whoever connects is refused.
pub(crate) async fn dead_end() -> (SocketAddr, impl Sized) {
    let upstream = HttpUpstream::start().await;
    let proxy = steadfast_testkit::FaultProxy::start(upstream.addr()).await;
    proxy.set(steadfast_testkit::Fault::Refuse);
    (proxy.addr(), (proxy, upstream))
}

/// Waits until `condition` holds.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(millis(2)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("waited in vain: {what}");
    }
}

/// The patterns of the one authority that the client knows.
pub(crate) fn only(client: &Client) -> AuthoritySnapshot {
    let mut authorities = client.snapshot().authorities;
    assert_eq!(authorities.len(), 1, "{authorities:?}");
    authorities.remove(0)
}

/// The patterns of the authority at `addr`.
pub(crate) fn at(client: &Client, addr: SocketAddr) -> AuthoritySnapshot {
    let authorities = client.snapshot().authorities;
    let named = addr.to_string();
    let found = authorities.into_iter().find(|one| *one.authority == *named);
    found.expect("the client has met this authority")
}
