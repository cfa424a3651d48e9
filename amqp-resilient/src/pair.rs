//! The connections behind one handle: the primary one, and the one for consuming.

use std::mem;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use crate::blueprint::Blueprint;
use crate::hub::{Hub, Intent};
use crate::observer::Observer;
use crate::publisher::PublisherCore;
use crate::topology::Plan;

/// What all handles share. Dropping it ends both connections.
pub(crate) struct Pair {
    primary: Arc<Hub>,
    consuming: Mutex<Consuming>,
    /// Of the publisher that `publisher()` gives out.
    pub(crate) publishing: OnceLock<Arc<PublisherCore>>,
}

/// The connection for consuming.
enum Consuming {
    /// It is the primary one, and there will be no other.
    Primary,
    /// It is made when it is first asked for.
    Planned(Box<Planned>),
    Made(Arc<Hub>),
}

struct Planned {
    blueprint: Blueprint,
    topology: Plan,
}

impl Pair {
    /// Begins to make the primary connection. The other one follows when it is needed: at once, if there are
    /// queues in the topology that are its own.
    pub(crate) fn new(
        name: Arc<str>,
        blueprint: Blueprint,
        topology: Plan,
        observers: Vec<Arc<dyn Observer>>,
        one_connection: bool,
    ) -> Self {
        let of_primary = if one_connection {
            topology.clone()
        } else {
            topology.without_own()
        };
        let at_once = !one_connection && topology.has_own();
        let (primary, supervising) = blueprint.connection(name, of_primary, observers);
        blueprint.runtime.spawn(supervising);
        let consuming = if one_connection {
            Consuming::Primary
        } else {
            Consuming::Planned(Box::new(Planned {
                blueprint,
                topology,
            }))
        };
        let pair = Self {
            primary,
            consuming: Mutex::new(consuming),
            publishing: OnceLock::new(),
        };
        if at_once {
            pair.consuming();
        }
        pair
    }

    pub(crate) fn primary(&self) -> &Arc<Hub> {
        &self.primary
    }

    /// The connection for consuming, made if there is none yet.
    pub(crate) fn consuming(&self) -> Arc<Hub> {
        let mut consuming = self.consuming.lock();
        let planned = match mem::replace(&mut *consuming, Consuming::Primary) {
            Consuming::Primary => return Arc::clone(&self.primary),
            Consuming::Made(hub) => {
                *consuming = Consuming::Made(Arc::clone(&hub));
                return hub;
            }
            Consuming::Planned(planned) => planned,
        };
        let Planned {
            blueprint,
            topology,
        } = *planned;
        let name = format!("{}/consume", self.primary.name).into();
        let observers = self.primary.observers.list();
        let (hub, supervising) = blueprint.connection(name, topology, observers);
        *consuming = Consuming::Made(Arc::clone(&hub));
        drop(consuming);
        // Not under the lock: what tells of a connection is somebody else's code.
        #[cfg(feature = "telemetry")]
        self.primary.pools.sinks.watch(&hub);
        blueprint.runtime.spawn(supervising);
        hub
    }

    /// The connection for consuming, if it is there and not the primary one.
    pub(crate) fn other(&self) -> Option<Arc<Hub>> {
        match &*self.consuming.lock() {
            Consuming::Made(hub) => Some(Arc::clone(hub)),
            Consuming::Primary | Consuming::Planned(_) => None,
        }
    }

    /// Makes no other connection any more.
    pub(crate) fn seal(&self) {
        let mut consuming = self.consuming.lock();
        let planned = match &*consuming {
            Consuming::Planned(_) => Some(mem::replace(&mut *consuming, Consuming::Primary)),
            Consuming::Primary | Consuming::Made(_) => None,
        };
        drop(consuming);
        // Not under the lock: it may hold the last of somebody else's code.
        drop(planned);
    }

    /// Adds an observer of both connections.
    pub(crate) fn add_observer(&self, observer: Arc<dyn Observer>) {
        // Held, so that the other one is not made in between, and then has it twice.
        let consuming = self.consuming.lock();
        if let Consuming::Made(hub) = &*consuming {
            hub.observers.add(Arc::clone(&observer));
        }
        self.primary.observers.add(observer);
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.primary.intend(Intent::Abandon);
        if let Consuming::Made(hub) = self.consuming.get_mut() {
            hub.intend(Intent::Abandon);
        }
    }
}
