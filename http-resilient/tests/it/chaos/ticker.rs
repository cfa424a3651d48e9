//! The clock of the storm: it is as late as everything else on its thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

use tokio::time::sleep;

use super::MOST_TICKS;
use super::caller::Ended;
use crate::support::{millis, now};

/// Sleeps a millisecond again and again, as precisely as the runtime can.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticker(Rc<RefCell<Vec<Instant>>>);

impl Ticker {
    pub(super) async fn run(self) {
        loop {
            self.0.borrow_mut().push(now());
            sleep(millis(1)).await;
        }
    }

    /// No call has ended later than it should have.
    pub(super) fn check(&self, ended: &[Ended]) {
        let ticks = self.0.borrow();
        let before = |at: Instant| ticks.partition_point(|tick| *tick <= at);
        let late = |ended: &Ended| before(ended.at) - before(ended.deadline).min(before(ended.at));
        let overshoot = |ended: &Ended| ended.at.saturating_duration_since(ended.deadline);
        let in_ticks = ended.iter().map(late).max().unwrap();
        let in_time = ended.iter().map(overshoot).max().unwrap();
        let longest = ticks.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        println!("latest: {in_time:?}, {in_ticks} ticks; the longest tick: {longest:?}");
        assert!(in_ticks <= MOST_TICKS, "{in_ticks} ticks late, {in_time:?}");
    }
}
