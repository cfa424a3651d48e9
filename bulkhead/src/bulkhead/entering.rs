//! `acquire` in two parts, for futures that have a name: what to keep depends on whether they wait.

use std::{pin::Pin, task::Waker};

use super::Bulkhead;
use crate::{gate::Entered, permit::Permit, queue::Wanted, rejected::Rejected, wait::Wait};

/// What somebody has who asked for a place and was not refused.
pub(crate) enum Entry {
    Permit(Permit),
    /// Already in line. It must be polled before anything else: only then does its drop leave the line.
    Wait(OwnedWait),
}

/// The wait in line. It owns its bulkhead.
pub(crate) type OwnedWait = Pin<Box<dyn Future<Output = Result<Permit, Rejected>> + Send + Sync>>;

impl Bulkhead {
    /// Takes a free place, which allocates nothing, or gets in line.
    pub(crate) fn enter(self, waker: &Waker) -> Result<Entry, Rejected> {
        match self.gate.enter(Wanted::one(self.priority), Some(waker))? {
            Entered::In(since) => Ok(Entry::Permit(Permit::new(self.gate, 1, since))),
            Entered::Waits(spot) => Ok(Entry::Wait(Box::pin(async move {
                let waited = Wait::new(&self.gate, spot).await?;
                Ok(Permit::after_wait(self.gate, 1, waited))
            }))),
        }
    }
}
