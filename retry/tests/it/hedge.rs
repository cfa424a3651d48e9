//! Hedged calls.

mod budget;
mod config;
mod drops;
mod figures;
mod first_poll;
mod learning;
mod many;
mod model;
mod observers;
mod panics;
mod properties;
mod scenarios;
mod script;
mod wakes;

use steadfast_retry::{Hedge, HedgeSnapshot};

/// A hedge at 100 ms, without a budget.
fn at_100_ms() -> Hedge {
    let builder = Hedge::builder("test").delay(crate::ms(100));
    builder.unbudgeted().build().unwrap()
}

/// What holds whenever no call is being polled.
#[track_caller]
fn adds_up(snapshot: &HedgeSnapshot, running: u64) {
    let totals = snapshot.totals;
    let ended =
        totals.primary_won + totals.hedge_won + totals.failed + totals.abandoned + totals.panicked;
    assert_eq!(ended + running, totals.calls, "{totals:?}");
    let hedges = totals.won + totals.wasted + snapshot.in_flight;
    assert_eq!(hedges, totals.sent, "{totals:?}");
    assert_eq!(totals.won, totals.hedge_won, "{totals:?}");
    if running == 0 {
        assert_eq!(snapshot.in_flight, 0, "{totals:?}");
    }
}
