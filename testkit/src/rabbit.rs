//! A private RabbitMQ node.
//!
//! Each [`RabbitNode`] has its own directory, Erlang cookie, port mapper and ports, so any number of them
//! run side by side, from any number of test processes, beside a system-wide RabbitMQ, as any user. The
//! ports stay the node's own while it is down: connections are refused then, and a restarted node is
//! found where it was.
//!
//! A node takes about 6 s to boot on two idle cores and 8 to 15 s on busy ones. Dropping it kills it, its port mapper and whatever
//! they started, and removes its directory; when the test process is killed before it can drop
//! anything, a guard process does the same.

mod amqp;
mod error;
mod home;
mod lifecycle;
mod management;

use std::{fmt, net::SocketAddr, path::Path, sync::Arc};

use rustix::process::Signal;
use tokio::task::spawn_blocking;

pub use self::error::{NodeError, Unavailable};
use self::{home::NORMAL_WATERMARK, lifecycle::Lifecycle};

/// A RabbitMQ node of one's own, on 127.0.0.1.
///
/// It lives in real time and in its own processes. The methods that take a while are async and may be
/// awaited on any tokio runtime; dropping their futures leaves the work to finish behind the scenes.
///
/// # Examples
///
/// ```no_run
/// use steadfast_testkit::RabbitNode;
///
/// # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
/// let node = RabbitNode::start().await?;
/// println!("connect to {}", node.uri());
/// node.kill9();
/// node.restart().await?;
/// assert_eq!(node.management("GET", "/api/overview", "").await?.0, 200);
/// # Ok(())
/// # }
/// ```
pub struct RabbitNode {
    inner: Arc<Lifecycle>,
}

impl RabbitNode {
    /// Whether RabbitMQ is installed here, so that [`start`](Self::start) has something to start.
    #[must_use]
    pub fn available() -> bool {
        home::installed()
    }

    /// Boots a fresh node and waits, for at most 60 s, until it answers AMQP.
    ///
    /// # Errors
    ///
    /// [`Unavailable`], which says what to install when RabbitMQ is missing.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the node is removed as soon as its boot has ended.
    pub async fn start() -> Result<Self, Unavailable> {
        blocking(|| {
            if !Self::available() {
                return Err(Unavailable::NotInstalled);
            }
            // The port mapper also wants its port on [::1], which is not reserved: once more, then.
            let prepared = Lifecycle::prepare().or_else(|_| Lifecycle::prepare())?;
            let node = Self {
                inner: Arc::new(prepared),
            };
            node.inner.boot()?;
            Ok(node)
        })
        .await
    }

    /// Where the node takes AMQP connections. It stays the same over restarts.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.inner.home().amqp.addr()
    }

    /// The URI for clients: `amqp://guest:guest@127.0.0.1:PORT/%2f`.
    #[must_use]
    pub fn uri(&self) -> String {
        self.uri_through(self.addr())
    }

    /// The URI for clients that reach the node through something at `addr`, such as a
    /// [`FaultProxy`](crate::FaultProxy).
    #[must_use]
    pub fn uri_through(&self, addr: SocketAddr) -> String {
        format!("amqp://guest:guest@{addr}/%2f")
    }

    /// The URI for clients with TLS: `amqps://guest:guest@localhost:PORT/%2f`. The node's certificate is of
    /// [`tls_authority`](Self::tls_authority), which no client trusts unless it is told to.
    #[must_use]
    pub fn tls_uri(&self) -> String {
        let port = self.inner.home().amqps.addr().port();
        format!("amqps://guest:guest@localhost:{port}/%2f")
    }

    /// The certificate, in PEM, of the authority to trust for [`tls_uri`](Self::tls_uri).
    #[must_use]
    pub fn tls_authority(&self) -> &'static str {
        home::AUTHORITY
    }

    /// Whether the node's process is there, frozen or not.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.inner.is_running()
    }

    /// Kills the node (SIGKILL), frozen or not, and returns when it is dead. Its data stay.
    pub fn kill9(&self) {
        self.inner.kill();
    }

    /// Stops the node's process where it stands (SIGSTOP): connections stay open, nothing is answered.
    ///
    /// # Panics
    ///
    /// When the node is not running.
    pub fn freeze(&self) {
        self.inner.signal(Signal::STOP);
    }

    /// Lets a frozen node go on (SIGCONT).
    ///
    /// # Panics
    ///
    /// When the node is not running.
    pub fn thaw(&self) {
        self.inner.signal(Signal::CONT);
    }

    /// Shuts the node down in order (SIGTERM), which takes about 6 s, and waits for its end. A frozen
    /// node is thawed for it; one that has not ended after 60 s is killed. A node that is not running
    /// is left alone.
    pub async fn stop_graceful(&self) {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.stop()).await;
    }

    /// Starts the node again on the same data and ports, after killing it if it is running, and waits
    /// as [`start`](Self::start) does.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn restart(&self) -> Result<(), Unavailable> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            inner.kill();
            inner.boot()
        })
        .await
    }

    /// Waits, for at most 60 s, until the node answers an AMQP protocol header with a handshake.
    ///
    /// # Errors
    ///
    /// [`Unavailable::Died`] when the node is not running, [`Unavailable::NotReady`] when time is up.
    pub async fn wait_ready(&self) -> Result<(), Unavailable> {
        let inner = Arc::clone(&self.inner);
        blocking(move || inner.wait_ready()).await
    }

    /// Runs `rabbitmqctl` against the node and returns what it printed. It takes one to three seconds,
    /// for it boots an Erlang of its own.
    ///
    /// # Errors
    ///
    /// When the command fails, or has not ended after 60 s.
    pub async fn ctl(&self, args: &[&str]) -> Result<String, NodeError> {
        let inner = Arc::clone(&self.inner);
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        blocking(move || inner.ctl(&args)).await
    }

    /// Raises or clears the memory alarm, under which the node blocks publishing connections.
    ///
    /// # Errors
    ///
    /// As [`ctl`](Self::ctl).
    pub async fn memory_alarm(&self, raised: bool) -> Result<(), NodeError> {
        let watermark = if raised { "0" } else { NORMAL_WATERMARK };
        self.ctl(&["set_vm_memory_high_watermark", watermark])
            .await
            .map(drop)
    }

    /// How many messages of a queue of the virtual host `/` wait for delivery, as the queue itself
    /// counts them now. Messages that were delivered and not yet acknowledged are not in it.
    ///
    /// # Errors
    ///
    /// When there is no such queue, or the node does not answer within 10 s.
    pub async fn queue_depth(&self, queue: &str) -> Result<u64, NodeError> {
        self.queue(queue).await.map(|counts| counts.ready.into())
    }

    /// How many consumers a queue of the virtual host `/` has now.
    ///
    /// # Errors
    ///
    /// As [`queue_depth`](Self::queue_depth).
    pub async fn consumer_count(&self, queue: &str) -> Result<u64, NodeError> {
        let counts = self.queue(queue).await;
        counts.map(|counts| counts.consumers.into())
    }

    /// Sends a request to the management HTTP API and returns the status and the JSON it answered.
    /// Definitions are exact there; statistics (message counts, connection lists) lag by about 5 s.
    ///
    /// # Errors
    ///
    /// When the node does not answer HTTP within 10 s. A status such as 404 is an answer.
    pub async fn management(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<(u16, String), NodeError> {
        let addr = self.inner.home().management.addr();
        let (method, path, body) = (method.to_owned(), path.to_owned(), body.to_owned());
        blocking(move || {
            management::request(addr, &method, &path, &body)
                .map_err(|error| NodeError::new(format!("{method} {path}"), error.to_string()))
        })
        .await
    }

    /// The node's private directory, which is removed with it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.inner.home().dir()
    }

    /// What the node has printed and logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.inner.home().log()
    }

    async fn queue(&self, queue: &str) -> Result<amqp::QueueCounts, NodeError> {
        let (addr, queue) = (self.addr(), queue.to_owned());
        blocking(move || {
            amqp::queue_counts(addr, &queue)
                .map_err(|error| NodeError::new(format!("queue {queue}"), error.to_string()))
        })
        .await
    }
}

impl Drop for RabbitNode {
    fn drop(&mut self) {
        self.inner.destroy();
    }
}

impl fmt::Debug for RabbitNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitNode")
            .field("addr", &self.addr())
            .field("dir", &self.dir())
            .finish_non_exhaustive()
    }
}

/// Runs work that waits on a thread that may. A paused tokio clock stands still meanwhile.
async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
