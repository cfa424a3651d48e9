//! A scripted HTTP/1.1 server on raw TCP.
//!
//! It answers what the test tells it to, misbehaves where a well-made server library cannot (resets,
//! half bodies, garbage), and keeps every request that reached it, so that a test counts what a client
//! really sent and not what it believes it sent.
//!
//! Which reply a request gets: the next one of the [script](HttpUpstream::script) while there is one,
//! then what the [closure](HttpUpstream::respond_with) says, then 200 with the body `ok`.
//!
//! The upstream keeps connections alive, takes any number of them, and reads bodies with a length and
//! chunked ones. It runs on a thread of its own, in real time.

mod reply;
mod request;
mod serve;

use std::{
    collections::VecDeque,
    fmt,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::Mutex;

use self::request::Request;
pub use self::{reply::Reply, request::Received};
use crate::{clock, host::Host};

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
#[derive(Debug)]
pub struct HttpUpstream {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _host: Host,
}

impl HttpUpstream {
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
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port for the upstream");
        listener
            .set_nonblocking(true)
            .expect("a non-blocking listener");
        let addr = listener.local_addr().expect("the listener's address");
        let shared = Arc::new(Shared::default());
        let served = Arc::clone(&shared);
        Self {
            addr,
            shared,
            _host: Host::start("http-upstream", move || serve::accept_all(listener, served)),
        }
    }

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
        self.shared.log.lock().script.extend(replies);
    }

    /// Answers every request that finds no scripted reply with what `responder` returns. It is given
    /// the request and how many whole requests had arrived before it. A later call replaces it.
    ///
    /// The closure runs on the server's thread and must not block.
    pub fn respond_with<R>(&self, responder: R)
    where
        R: Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    {
        *self.shared.responder.lock() = Some(Arc::new(responder));
    }

    /// Every whole request so far, in the order of arrival. A request counts from the moment its last
    /// byte was read, whatever the reply.
    #[must_use]
    pub fn requests(&self) -> Vec<Received> {
        self.shared.log.lock().requests.clone()
    }

    /// How many whole requests have arrived: the length of [`requests`](Self::requests), without the
    /// copy, and also right after [`forget`](Self::forget).
    #[must_use]
    pub fn request_count(&self) -> usize {
        self.shared.log.lock().count
    }

    /// Drops the requests kept so far, to save memory in a long run. Counts go on.
    pub fn forget(&self) {
        self.shared.log.lock().requests.clear();
    }

    /// Requests that broke off before their last byte, or were not HTTP/1.
    #[must_use]
    pub fn broken_requests(&self) -> u64 {
        self.shared.broken.load(Ordering::Relaxed)
    }

    /// Connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// Requests whose reply is not finished yet.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.shared.in_flight.load(Ordering::Relaxed)
    }

    /// The most requests that were in flight at one time.
    #[must_use]
    pub fn peak_in_flight(&self) -> u64 {
        self.shared.peak_in_flight.load(Ordering::Relaxed)
    }
}

type Responder = dyn Fn(&Received, usize) -> Reply + Send + Sync;

/// What the test's thread and the server's thread both see.
#[derive(Default)]
pub(crate) struct Shared {
    log: Mutex<Log>,
    responder: Mutex<Option<Arc<Responder>>>,
    accepted: AtomicU64,
    open: AtomicU64,
    broken: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
}

#[derive(Default)]
struct Log {
    requests: Vec<Received>,
    count: usize,
    script: VecDeque<Reply>,
}

impl Shared {
    /// Records the request and finds its reply. The closure is called outside the locks.
    fn answer(&self, request: Request, at_connection: u64) -> Reply {
        let received = Received {
            method: request.method,
            path: request.path,
            headers: request.headers,
            body: request.body,
            at_connection,
            at: clock::now(),
        };
        let responder = self.responder.lock().clone();
        let (before, scripted) = {
            let mut log = self.log.lock();
            let before = log.count;
            log.count += 1;
            log.requests.push(received.clone());
            (before, log.script.pop_front())
        };
        match (scripted, responder) {
            (Some(reply), _) => reply,
            (None, Some(responder)) => responder(&received, before),
            (None, None) => Reply::ok("ok"),
        }
    }

    fn enter(&self) {
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak_in_flight.fetch_max(now, Ordering::Relaxed);
    }

    fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = self.log.lock();
        f.debug_struct("Shared")
            .field("requests", &log.count)
            .field("scripted", &log.script.len())
            .field("connections", &self.accepted)
            .finish_non_exhaustive()
    }
}
