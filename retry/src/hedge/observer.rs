//! Being told of hedges sent and of hedges that the budget did not allow.

use std::sync::Arc;
use std::time::Duration;

use crate::budget::BudgetSpent;

/// Is told of the rare things that happen in a [`Hedge`](crate::Hedge): hedges sent and suppressed.
///
/// Calls that need no hedge are not pushed; read them from the
/// [`HedgeSnapshot`](crate::HedgeSnapshot). Observers run on the thread of the call, without any lock
/// held, before the call goes on: keep them short. One that panics hurts neither the call nor the other
/// observers; the panic is counted in
/// [`HedgeTotals::observer_panics`](crate::HedgeTotals::observer_panics). Methods that are added later
/// come with a default that does nothing.
///
/// A hedge keeps its observers alive. One that needs the hedge should keep a
/// [`WeakHedge`](crate::WeakHedge), or neither is ever freed.
pub trait HedgeObserver: Send + Sync {
    /// A hedge is being sent.
    fn hedged(&self, hedged: &Hedged) {
        let _ = hedged;
    }

    /// A hedge was due, and the budget had nothing left for it.
    fn suppressed(&self, suppressed: &HedgeSuppressed) {
        let _ = suppressed;
    }
}

impl<O: HedgeObserver + ?Sized> HedgeObserver for Arc<O> {
    fn hedged(&self, hedged: &Hedged) {
        (**self).hedged(hedged);
    }

    fn suppressed(&self, suppressed: &HedgeSuppressed) {
        (**self).suppressed(suppressed);
    }
}

/// A hedge is being sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hedged {
    /// The name of the hedge.
    pub name: Arc<str>,
    /// Which attempt of its call it is, as [`HedgeAttempt::number`](crate::HedgeAttempt::number): the
    /// first hedge is 2.
    pub number: u32,
    /// How long the call has gone on.
    pub after: Duration,
}

/// A hedge was due and was not sent. The call goes on without, and sends no other.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HedgeSuppressed {
    /// The name of the hedge.
    pub name: Arc<str>,
    /// Which attempt of its call it would have been: 2 for the first hedge.
    pub number: u32,
    /// What the budget said.
    pub spent: BudgetSpent,
}
