//! A handle that does not keep the connection.

use std::fmt;
use std::sync::{Arc, Weak};

use super::ResilientConnection;
use crate::hub::Hub;
use crate::pair::Pair;

impl ResilientConnection {
    /// A handle that does not keep the connection, for whoever looks at it and does not use it.
    #[must_use]
    pub fn downgrade(&self) -> WeakResilientConnection {
        WeakResilientConnection {
            pair: Arc::downgrade(&self.pair),
            hub: Arc::downgrade(&self.hub),
        }
    }

    /// The handle of whichever of the two connections has this name: this one, the primary one, or the one for
    /// [consuming](Self::consuming) if there is one. Makes none.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Self> {
        let both = [Some(Arc::clone(self.pair.primary())), self.pair.other()];
        let named = both.into_iter().flatten().find(|hub| *hub.name == *name)?;
        Some(self.view(named))
    }
}

/// A handle that does not keep its connection; made by [`ResilientConnection::downgrade`].
#[derive(Clone)]
pub struct WeakResilientConnection {
    pair: Weak<Pair>,
    hub: Weak<Hub>,
}

impl WeakResilientConnection {
    /// The connection, if any other handle to it is left.
    #[must_use]
    pub fn upgrade(&self) -> Option<ResilientConnection> {
        Some(ResilientConnection {
            pair: self.pair.upgrade()?,
            hub: self.hub.upgrade()?,
        })
    }

    /// Whether both handles are of the same connection. The one for [consuming](ResilientConnection::consuming)
    /// is another.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.hub.ptr_eq(&other.hub)
    }
}

impl fmt::Debug for WeakResilientConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakResilientConnection")
            .finish_non_exhaustive()
    }
}
