//! The numbers a hedge keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::budget::BudgetSnapshot;

/// What a [`Hedge`](crate::Hedge) is doing and has done, as plain data.
///
/// The counters are read one after another while calls go on, so between them they can be off by the
/// calls that ended meanwhile.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HedgeSnapshot {
    /// The name of the hedge.
    pub name: Arc<str>,
    /// How long a call that begins now goes on before its first hedge: the fixed delay, or what was
    /// learned. `None` during the warm-up, and where only failures are hedged.
    pub delay: Option<Duration>,
    /// How many latencies were ever recorded. Zero but where a percentile is learned.
    pub samples: u64,
    /// How many latencies were not recorded because two calls ended in the same instant. The percentile
    /// is then one of fewer calls; few as long as this is a small part of `samples`.
    pub samples_skipped: u64,
    /// How many hedges are in flight now.
    pub in_flight: u64,
    /// What the budget has left and has refused, if there is one. It can be shared with others.
    pub budget: Option<BudgetSnapshot>,
    /// What has happened since the hedge was built.
    pub totals: HedgeTotals,
}

/// Counts since a [`Hedge`](crate::Hedge) was built.
///
/// Every call that was begun is in `calls`, and ends in exactly one of the five that follow it. Every
/// hedge is in `sent`, and ends in `won` or `wasted`; the difference is
/// [in flight](HedgeSnapshot::in_flight). A future that was never polled is not a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HedgeTotals {
    /// Calls begun.
    pub calls: u64,
    /// Calls that ended with the result of their primary, accepted.
    pub primary_won: u64,
    /// Calls that ended with the result of a hedge, accepted.
    pub hedge_won: u64,
    /// Calls that ended in a failure: of all their attempts, or of one that the classifier
    /// [stopped](crate::Verdict::Stop) at.
    pub failed: u64,
    /// Calls whose future was dropped before it was ready.
    pub abandoned: u64,
    /// Calls that ended in a panic of the operation, the classifier, or a value that was dropped.
    pub panicked: u64,
    /// Hedges sent: the extra load.
    pub sent: u64,
    /// Hedges whose result the call ended with, accepted.
    pub won: u64,
    /// Hedges that failed, or were dropped because the call ended otherwise.
    pub wasted: u64,
    /// Hedges that were due and that the budget did not allow.
    pub suppressed_budget: u64,
    /// Panics of observers, all of them caught.
    pub observer_panics: u64,
}

/// The counters behind [`HedgeSnapshot`]. No decision rests on them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Calls whose primary was accepted at its first poll.
    pub(super) won_at_once: AtomicU64,
    /// All others, from the moment on that they turn out to be others.
    pub(super) others: AtomicU64,
    pub(super) primary_won: AtomicU64,
    pub(super) hedge_won: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) panicked: AtomicU64,
    pub(super) suppressed: AtomicU64,
    sent: AtomicU64,
    won: AtomicU64,
    wasted: AtomicU64,
}

impl Counters {
    /// Counts a hedge as sent, and as in flight for as long as the ticket lives.
    pub(super) fn send(&self) -> Ticket<'_> {
        add_one(&self.sent);
        Ticket {
            counters: self,
            won: false,
        }
    }

    pub(super) fn totals(&self, observer_panics: u64) -> HedgeTotals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        let won_at_once = read(&self.won_at_once);
        // Each ending is read before the beginnings, among which its own then is.
        let primary_won = won_at_once + read(&self.primary_won);
        let hedge_won = read(&self.hedge_won);
        let failed = read(&self.failed);
        let abandoned = read(&self.abandoned);
        let panicked = read(&self.panicked);
        let won = read(&self.won);
        let wasted = read(&self.wasted);
        HedgeTotals {
            calls: won_at_once + read(&self.others),
            primary_won,
            hedge_won,
            failed,
            abandoned,
            panicked,
            sent: read(&self.sent),
            won,
            wasted,
            suppressed_budget: read(&self.suppressed),
            observer_panics,
        }
    }
}

/// Release, for the sake of readers: they see a beginning wherever they see the end of it.
#[inline]
pub(super) fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Release);
}

/// One hedge in flight. Dropped without having won, it is wasted.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    counters: &'a Counters,
    won: bool,
}

impl Ticket<'_> {
    pub(super) fn win(mut self) {
        self.won = true;
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        add_one(if self.won {
            &self.counters.won
        } else {
            &self.counters.wasted
        });
    }
}
