//! What the scenarios share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use reqwest::dns::{Addrs, Name as DnsName, Resolve, Resolving};
use steadfast_testkit::{Fault, FaultProxy, HttpUpstream};
use tokio::time::{sleep, timeout};

/// As long as a scenario waits for something that must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[expect(clippy::disallowed_methods, reason = "dates are of the wall clock")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// Waits until `condition` holds, and tells whether it did in time.
pub(crate) async fn until(mut condition: impl FnMut() -> bool) -> bool {
    let waiting = async {
        while !condition() {
            sleep(millis(2)).await;
        }
    };
    timeout(PATIENCE, waiting).await.is_ok()
}

/// A port at which every connection is refused.
pub(crate) struct DeadEnd {
    proxy: FaultProxy,
    _upstream: HttpUpstream,
}

impl DeadEnd {
    pub(crate) async fn start() -> Self {
        let upstream = HttpUpstream::start().await;
        let proxy = FaultProxy::start(upstream.addr()).await;
        proxy.set(Fault::Refuse);
        Self {
            proxy,
            _upstream: upstream,
        }
    }

    pub(crate) const fn addr(&self) -> SocketAddr {
        self.proxy.addr()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr())
    }
}

/// A host name that leads to one address the first time it is looked up, and to another from then on. No
/// name server is asked.
#[derive(Debug)]
pub(crate) struct Name {
    first: SocketAddr,
    later: SocketAddr,
    lookups: AtomicUsize,
}

impl Name {
    /// Without a port, which would take the place of the address's.
    pub(crate) const URL: &str = "http://two-addresses.test/";

    pub(crate) const fn new(first: SocketAddr, later: SocketAddr) -> Self {
        Self {
            first,
            later,
            lookups: AtomicUsize::new(0),
        }
    }
}

impl Resolve for Name {
    fn resolve(&self, _: DnsName) -> Resolving {
        let addr = match self.lookups.fetch_add(1, Ordering::Relaxed) {
            0 => self.first,
            _ => self.later,
        };
        Box::pin(async move { Ok(Box::new(std::iter::once(addr)) as Addrs) })
    }
}
