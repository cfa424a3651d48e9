//! A TCP proxy on 127.0.0.1 that misbehaves on command.
//!
//! It stands between a client and a real server and does to their connections what networks do: it
//! refuses, resets, delays, stalls, cuts and throttles them. It works on bytes, so it serves HTTP and
//! AMQP alike.
//!
//! ```text
//! client ──▶ FaultProxy (addr) ──▶ upstream
//!                 │
//!                 └─ Fault in force: set(..), heal(), sever()
//! ```
//!
//! [`set`](FaultProxy::set), [`heal`](FaultProxy::heal) and [`sever`](FaultProxy::sever) return when
//! the change has taken effect: a connection attempt made after `set(Fault::Refuse)` is refused, without
//! any waiting in the test. The proxy runs on a thread of its own, in real time.

mod acceptor;
mod fault;
mod lane;

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering, mpsc as blocking},
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

pub use self::fault::Fault;
use self::{
    acceptor::{Acceptor, Command, Counters},
    fault::InForce,
};
use crate::{host::Host, port::ReservedPort};

/// A TCP proxy that injects faults.
///
/// Dropping it closes its port and resets every connection that is still open.
///
/// # Examples
///
/// ```
/// use steadfast_testkit::{Fault, FaultProxy, HttpUpstream};
/// use tokio::net::TcpStream;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let upstream = HttpUpstream::start().await;
/// let proxy = FaultProxy::start(upstream.addr()).await;
/// assert!(TcpStream::connect(proxy.addr()).await.is_ok());
///
/// proxy.set(Fault::Refuse);
/// assert!(TcpStream::connect(proxy.addr()).await.is_err());
///
/// proxy.heal();
/// assert!(TcpStream::connect(proxy.addr()).await.is_ok());
/// # }
/// ```
#[derive(Debug)]
pub struct FaultProxy {
    addr: SocketAddr,
    commands: mpsc::UnboundedSender<Command>,
    in_force: watch::Receiver<InForce>,
    counters: Arc<Counters>,
    _host: Host,
}

impl FaultProxy {
    /// Starts a proxy to `upstream` on a free port, without a fault.
    ///
    /// # Panics
    ///
    /// When 127.0.0.1 has no free port left.
    pub async fn start(upstream: SocketAddr) -> Self {
        Self::start_with_seed(upstream, 0).await
    }

    /// As [`start`](Self::start), with the seed that the jitter of [`Fault::Latency`] is drawn from.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[expect(
        clippy::unused_async,
        reason = "the peers of this crate start alike; the node has to wait"
    )]
    pub async fn start_with_seed(upstream: SocketAddr, seed: u64) -> Self {
        let port = ReservedPort::take().expect("a free port for the fault proxy");
        let listener = port.listen().expect("a listener for the fault proxy");
        let addr = port.addr();
        let (commands, inbox) = mpsc::unbounded_channel();
        let (sender, in_force) = watch::channel(InForce::FIRST);
        let counters = Arc::new(Counters::default());
        let acceptor = Acceptor {
            port,
            upstream,
            seed,
            counters: Arc::clone(&counters),
            commands: inbox,
            in_force: sender,
            connections: JoinSet::new(),
        };
        Self {
            addr,
            commands,
            in_force,
            counters,
            _host: Host::start("fault-proxy", move || acceptor.run(listener)),
        }
    }

    /// Where clients connect. It stays the same for the life of the proxy, [`Fault::Refuse`] included.
    #[must_use]
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The fault in force.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.in_force.borrow().fault
    }

    /// Puts `fault` in force in place of the one before, and returns when it is.
    ///
    /// # Panics
    ///
    /// When `fault` is a [`Fault::Bandwidth`] of zero bytes: that is a [`Fault::Stall`].
    pub fn set(&self, fault: Fault) {
        assert!(
            fault != Fault::Bandwidth { bytes_per_sec: 0 },
            "a bandwidth must be at least 1 byte a second; use Fault::Stall"
        );
        self.command(|done| Command::Set(fault, done));
    }

    /// Ends the fault: the same as `set(Fault::None)`.
    pub fn heal(&self) {
        self.set(Fault::None);
    }

    /// Resets every connection that is open now, and returns how many. New ones are not affected.
    pub fn sever(&self) -> u64 {
        self.command(Command::Sever)
    }

    /// What has passed so far.
    #[must_use]
    pub fn stats(&self) -> ProxyStats {
        let counters = &*self.counters;
        ProxyStats {
            accepted: counters.accepted.load(Ordering::Relaxed),
            open: counters.open.load(Ordering::Relaxed),
            reset: counters.reset.load(Ordering::Relaxed),
            unreachable: counters.unreachable.load(Ordering::Relaxed),
            bytes_to_upstream: counters.to_upstream.load(Ordering::Relaxed),
            bytes_to_client: counters.to_client.load(Ordering::Relaxed),
        }
    }

    /// Sends a command to the acceptor and waits, for microseconds, until it has been carried out.
    fn command<R>(&self, make: impl FnOnce(blocking::SyncSender<R>) -> Command) -> R {
        let (done, answer) = blocking::sync_channel(1);
        let sent = self.commands.send(make(done));
        assert!(sent.is_ok(), "the fault proxy's thread has panicked");
        answer
            .recv()
            .expect("the fault proxy's thread has panicked")
    }
}

/// What a [`FaultProxy`] has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyStats {
    /// Connections accepted from clients. Refused ones never reach the proxy and are not in it.
    pub accepted: u64,
    /// Connections that are open now, stalled ones included.
    pub open: u64,
    /// Connections that [`Fault::Reset`] or [`FaultProxy::sever`] ended.
    pub reset: u64,
    /// Connections that were reset because the upstream could not be reached.
    pub unreachable: u64,
    /// Bytes forwarded from clients to the upstream.
    pub bytes_to_upstream: u64,
    /// Bytes forwarded from the upstream to clients.
    pub bytes_to_client: u64,
}
