//! Scripted HTTP servers on raw TCP.
//!
//! They answer what the test tells them to, misbehave where a well-made server library cannot (resets,
//! half bodies, garbage), and keep every request that reached them, so that a test counts what a client
//! really sent and not what it believes it sent.
//!
//! Which reply a request gets: the next one of the [script](Upstream::script) while there is one,
//! then what the [closure](Upstream::respond_with) says, then 200 with the body `ok`.
//!
//! An upstream keeps connections alive, takes any number of them, and reads whole bodies before it
//! answers. It runs on a thread of its own, in real time.

mod accept;
mod answer;
mod body;
mod gzip;
mod http1;
mod http2;
mod received;
mod reply;
mod request;
mod shared;

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::net::TcpStream;

use self::shared::{Counters, Shared};
pub use self::{
    http2::{GoAway, Http2, Http2Upstream},
    received::Received,
    reply::Reply,
};
use crate::host::Host;

/// A scripted HTTP/1.1 server on 127.0.0.1.
///
/// Dropping it closes its port and every connection.
///
/// # Examples
///
/// ```
/// use steadfast_testkit::{HttpUpstream, Reply};
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let upstream = HttpUpstream::start().await;
/// upstream.script([Reply::status(503).header("retry-after", "1")]);
///
/// let mut stream = tokio::net::TcpStream::connect(upstream.addr()).await?;
/// stream.write_all(b"GET /orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer).await?;
///
/// assert!(answer.starts_with("HTTP/1.1 503 "));
/// assert_eq!(upstream.requests()[0].path, "/orders");
/// # Ok(())
/// # }
/// ```
pub type HttpUpstream = Upstream<Http1>;

/// A scripted HTTP server: an [`HttpUpstream`] or an [`Http2Upstream`].
#[derive(Debug)]
pub struct Upstream<P> {
    addr: SocketAddr,
    shared: Arc<Shared>,
    protocol: P,
    _host: Host,
}

/// The protocol of an [`HttpUpstream`].
#[derive(Debug)]
pub struct Http1(());

impl Upstream<Http1> {
    /// Starts a server on a free port.
    ///
    /// # Panics
    ///
    /// When 127.0.0.1 has no free port left.
    #[expect(
        clippy::unused_async,
        reason = "the peers of this crate start alike; the node has to wait"
    )]
    pub async fn start() -> Self {
        Self::serving("http-upstream", Http1(()), http1::serve)
    }
}

impl<P> Upstream<P> {
    /// Where it listens.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The URL of a path of this server: `url("/orders")` is `http://127.0.0.1:PORT/orders`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("http://{}{slash}{path}", self.addr)
    }

    /// Appends replies to the script. Each request takes one, in the order in which requests arrive.
    pub fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.script(replies);
    }

    /// Answers every request that finds no scripted reply with what `responder` returns. It is given
    /// the request and how many whole requests had arrived before it. A later call replaces it.
    ///
    /// The closure runs on the server's thread and must not block.
    pub fn respond_with<R>(&self, responder: R)
    where
        R: Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    {
        self.shared.respond_with(Arc::new(responder));
    }

    /// Every whole request so far, in the order of arrival. A request counts from the moment its last
    /// byte was read, whatever the reply.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.requests()
    }

    /// How many whole requests have arrived: the length of [`requests`](Self::requests), without the
    /// copy, and with those that are kept no longer.
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.shared.request_count()
    }

    /// Keeps only the last so many requests from now on, to save memory in a long run; 0 keeps none.
    /// Counts go on, and closures are given every request all the same.
    pub fn keep_last(&self, most: usize) {
        self.shared.keep_last(most);
    }

    /// Drops the requests kept so far. Counts go on.
    pub fn forget(&self) {
        self.shared.forget();
    }

    /// Requests that broke off before their last byte, or were no HTTP of this version.
    #[must_use]
    pub fn broken_requests(&self) -> u64 {
        self.read(|counters| &counters.broken)
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.read(|counters| &counters.accepted)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.read(|counters| &counters.open)
    }

    /// Requests whose reply is not finished yet.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.read(|counters| &counters.in_flight)
    }

    /// The most requests that were in flight at one time.
    #[must_use]
    pub fn peak_in_flight(&self) -> u64 {
        self.read(|counters| &counters.peak_in_flight)
    }

    /// Starts a thread of this name that gives every connection, with its number, to `serve`.
    fn serving<S, F>(name: &str, protocol: P, serve: S) -> Self
    where
        S: FnMut(TcpStream, u64, Arc<Shared>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port for the upstream");
        listener
            .set_nonblocking(true)
            .expect("a non-blocking listener");
        let addr = listener.local_addr().expect("the listener's address");
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        Self {
            addr,
            shared,
            protocol,
            _host: Host::start(name, move || accept::accept_all(listener, accepting, serve)),
        }
    }

    fn read(&self, counter: impl Fn(&Counters) -> &AtomicU64) -> u64 {
        counter(self.shared.counters()).load(Ordering::Relaxed)
    }
}
