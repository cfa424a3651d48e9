//! `acquire` in two parts, for futures that have a name: what to keep depends on whether they wait.

use std::{pin::Pin, time::Duration};

use super::Bulkhead;
use crate::{clock, error::Rejected, permit::Permit, ticket::Ticket, wait};

/// What somebody has who asked for a place and was not refused.
pub(crate) enum Entry {
    Permit(Permit),
    /// Already in line. It must be polled before anything else: only then does its drop leave the line.
    Wait(Wait),
}

/// The wait in line. It owns its bulkhead.
pub(crate) type Wait = Pin<Box<dyn Future<Output = Result<Permit, Rejected>> + Send + Sync>>;

impl Bulkhead {
    /// Takes a free place, which allocates nothing, or gets in line.
    pub(crate) fn enter(self) -> Result<Entry, Rejected> {
        match self.gate.enter(1)? {
            None => Ok(Entry::Permit(Permit::new(self.gate, 1, Duration::ZERO))),
            Some(spot) => Ok(Entry::Wait(Box::pin(async move {
                let waited = wait::as_task(Ticket::new(&self.gate, spot, clock::now())).await?;
                Ok(Permit::new(self.gate, 1, waited))
            }))),
        }
    }
}
