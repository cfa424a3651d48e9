//! The faults, and the one that is in force.

use std::time::Duration;

use tokio::sync::watch;

/// What a [`FaultProxy`](crate::FaultProxy) does to the connections that pass through it.
///
/// One fault is in force at a time; put two proxies in a row to combine two. Connections that are
/// already open take a new fault up at once, except under [`Refuse`](Fault::Refuse), which is about
/// new ones only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Forward everything at full speed.
    None,
    /// New connections are refused by the kernel: the listener is closed, and opened again on the
    /// same port under the next fault. Open connections live on; for a full outage call
    /// [`sever`](crate::FaultProxy::sever) as well.
    Refuse,
    /// Every connection ends with a TCP reset: open ones at once, new ones when they are accepted.
    Reset,
    /// What the upstream sends reaches the client late: each piece waits for `delay` plus a random
    /// share of `jitter`. Pieces keep their order and wait side by side, so throughput stays, and a
    /// request with its answer takes one `delay` longer.
    Latency {
        /// The least time that every piece waits.
        delay: Duration,
        /// The most that is added to it, drawn evenly from zero to this for each piece.
        jitter: Duration,
    },
    /// New connections are accepted, and nothing is forwarded either way, not even the end of a
    /// connection. What was held flows on under the next fault.
    Stall,
    /// The client gets this many bytes and then the end of the connection. Counted for each
    /// connection, from the moment the fault was set or the connection was accepted.
    CutAfter {
        /// Bytes from the upstream that still reach the client.
        bytes: u64,
    },
    /// The upstream gets this many bytes, and then both ends see the end of the connection: a
    /// request that breaks off half-way. Counted as for [`CutAfter`](Fault::CutAfter).
    CutRequestAfter {
        /// Bytes from the client that still reach the upstream.
        bytes: u64,
    },
    /// Each connection forwards at most this many bytes a second in each direction.
    Bandwidth {
        /// Bytes a second, at least 1.
        bytes_per_sec: u64,
    },
}

/// The fault in force, numbered so that a connection knows a fault set twice from one that stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InForce {
    pub(crate) fault: Fault,
    pub(crate) epoch: u64,
}

impl InForce {
    pub(crate) const FIRST: Self = Self {
        fault: Fault::None,
        epoch: 0,
    };
}

/// A connection's view of the fault in force.
#[derive(Debug, Clone)]
pub(crate) struct Faults(watch::Receiver<InForce>);

impl Faults {
    pub(crate) const fn new(receiver: watch::Receiver<InForce>) -> Self {
        Self(receiver)
    }

    pub(crate) fn current(&self) -> InForce {
        *self.0.borrow()
    }

    /// Waits until something other than [`Fault::Stall`] is in force, and returns it.
    pub(crate) async fn flowing(&mut self) -> InForce {
        let flowing = self.0.wait_for(|now| now.fault != Fault::Stall).await;
        match flowing.map(|now| *now) {
            Ok(now) => now,
            // The proxy is going away, and this task with it.
            Err(_) => std::future::pending().await,
        }
    }

    /// Waits for `pause`, or until another fault is set.
    pub(crate) async fn pause(&mut self, pause: Duration) {
        self.0.mark_unchanged();
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = self.0.changed() => {}
        }
    }
}
