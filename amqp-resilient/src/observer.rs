//! The seam for telemetry: changes of state are pushed, everything else is read from a snapshot.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use crate::error::AmqpError;
use crate::state::{ConnectionState, Epoch};
use crate::topology::TopologyReport;

/// Hears of every change of a connection's state, of every reconnection that was asked for, of every topology
/// that was declared and of every secret that was refreshed, in order.
/// Every method defaults to nothing.
///
/// Observers run on the connection's supervisor task: a slow one delays the next change, never a
/// publish. A panic in one is caught and counted
/// ([`Snapshot::observer_panics`](crate::Snapshot::observer_panics)).
pub trait Observer: Send + Sync {
    /// The connection went from one state to another.
    fn state_changed(&self, change: &StateChange) {
        let _ = change;
    }

    /// An attempt to connect has begun because somebody has
    /// [asked for it](crate::ResilientConnection::reconnect). Told right after the change to
    /// [`Connecting`](ConnectionState::Connecting).
    fn reconnecting(&self, reconnecting: &Reconnecting) {
        let _ = reconnecting;
    }

    /// The topology given to the builder was declared on a new connection, wholly or in part. Told right
    /// after the change to [`Connected`](ConnectionState::Connected).
    fn topology_declared(&self, report: &TopologyReport) {
        let _ = report;
    }

    /// The broker was to be given a new secret, as the old one runs out: see
    /// [`Builder::credentials`](crate::Builder::credentials). It took it, or did not.
    fn secret_refreshed(&self, refresh: &SecretRefresh) {
        let _ = refresh;
    }
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn state_changed(&self, change: &StateChange) {
        (**self).state_changed(change);
    }

    fn reconnecting(&self, reconnecting: &Reconnecting) {
        (**self).reconnecting(reconnecting);
    }

    fn topology_declared(&self, report: &TopologyReport) {
        (**self).topology_declared(report);
    }

    fn secret_refreshed(&self, refresh: &SecretRefresh) {
        (**self).secret_refreshed(refresh);
    }
}

/// A change of state.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StateChange {
    /// The connection's name; that of the connection for consuming ends in `/consume`.
    pub name: Arc<str>,
    /// The state it left.
    pub from: ConnectionState,
    /// The state it is in now.
    pub to: ConnectionState,
    /// The last error of the connection, when the new state is one of being down.
    pub error: Option<Arc<AmqpError>>,
}

/// A connection is made anew because somebody has asked for that.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnecting {
    /// The connection's name.
    pub name: Arc<str>,
    /// The reason that was given.
    pub reason: Arc<str>,
}

/// What came of giving the broker a new secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SecretRefresh {
    /// The connection's name.
    pub name: Arc<str>,
    /// The connection whose secret it is.
    pub epoch: Epoch,
    /// Why it did not come to that; `None` when the broker took it. It is tried again until it does, or
    /// closes the connection.
    pub error: Option<Arc<AmqpError>>,
    /// How long the secret that the broker has is good for, if it runs out.
    pub expires_in: Option<Duration>,
}

/// The observers of one connection.
pub(crate) struct Observers {
    list: RwLock<Arc<[Arc<dyn Observer>]>>,
    /// A count that orders nothing, hence relaxed.
    panics: AtomicU64,
}

impl Observers {
    pub(crate) fn new(observers: Vec<Arc<dyn Observer>>) -> Self {
        Self {
            list: RwLock::new(observers.into()),
            panics: AtomicU64::new(0),
        }
    }

    pub(crate) fn list(&self) -> Vec<Arc<dyn Observer>> {
        self.list.read().to_vec()
    }

    pub(crate) fn add(&self, observer: Arc<dyn Observer>) {
        let mut list = self.list.write();
        *list = list.iter().cloned().chain([observer]).collect();
    }

    /// Runs user code, so no lock is held: the list is cloned out first.
    pub(crate) fn tell(&self, event: impl Fn(&dyn Observer)) {
        let list = Arc::clone(&self.list.read());
        for observer in list.iter() {
            if catch_unwind(AssertUnwindSafe(|| event(&**observer))).is_err() {
                self.panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(crate) fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }
}
