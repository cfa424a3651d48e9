//! The supervisor of the process.

use std::sync::Weak;

use parking_lot::RwLock;

use super::{Shared, Supervisor};

static CURRENT: RwLock<Weak<Shared>> = RwLock::new(Weak::new());

impl Supervisor {
    /// Makes this the supervisor of the process, which the functions of [`migrate`](crate::migrate) use, in
    /// place of the one before. It is not kept alive by that.
    pub fn install_global(&self) {
        let before = std::mem::replace(&mut *CURRENT.write(), self.downgrade());
        drop(before);
    }

    /// The supervisor of the process, if one was [installed](Self::install_global) and is still there.
    #[must_use]
    pub fn global() -> Option<Self> {
        let shared = CURRENT.read().upgrade()?;
        Some(Self { shared })
    }
}
