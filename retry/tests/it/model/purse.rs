//! The budget, naively: every call and every retry that was sent is remembered with its time.

use std::time::Duration;

use super::Purse;
use super::case::BudgetPlan;

#[derive(Debug)]
pub(super) struct NaiveBudget {
    plan: BudgetPlan,
    calls: Vec<Duration>,
    sent: Vec<Duration>,
    granted: u64,
    given_back: u64,
    refused_spent: u64,
    refused_waiting: u64,
}

impl NaiveBudget {
    pub(super) fn new(plan: BudgetPlan) -> Self {
        Self {
            plan,
            calls: Vec::new(),
            sent: Vec::new(),
            granted: 0,
            given_back: 0,
            refused_spent: 0,
            refused_waiting: 0,
        }
    }

    pub(super) fn record_call(&mut self, now: Duration) {
        self.calls.push(now);
    }

    /// Grants one more, or says when there will be one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Option<Duration>> {
        let tenth = self.tenth(now);
        let waiting = self.waiting();
        if self.grants(tenth, waiting) {
            self.granted += 1;
            return Ok(());
        }
        if self.grants(tenth, 0) {
            self.refused_waiting += 1;
        } else {
            self.refused_spent += 1;
        }
        let later = (tenth + 1..=tenth + 10).find(|later| self.grants(*later, waiting));
        Err(later.map(|later| Duration::from_nanos(later * self.length()) - now))
    }

    pub(super) fn send(&mut self, now: Duration) {
        self.sent.push(now);
    }

    pub(super) fn give_back(&mut self) {
        self.given_back += 1;
    }

    pub(super) fn look(&self, now: Duration) -> Purse {
        let tenth = self.tenth(now);
        let (calls, spent) = (
            self.within(&self.calls, tenth),
            self.within(&self.sent, tenth),
        );
        let used = (spent + self.waiting()) as f64;
        Purse {
            calls,
            spent,
            waiting: self.waiting(),
            tokens: thousandths((self.allowance(calls) - used).max(0.0)),
            all_calls: self.calls.len() as u64,
            granted: self.granted,
            given_back: self.given_back,
            sent: self.sent.len() as u64,
            refused_spent: self.refused_spent,
            refused_waiting: self.refused_waiting,
        }
    }

    fn waiting(&self) -> u64 {
        self.granted - self.given_back - self.sent.len() as u64
    }

    fn grants(&self, tenth: u64, waiting: u64) -> bool {
        let calls = self.within(&self.calls, tenth);
        let used = self.within(&self.sent, tenth) + waiting;
        (used + 1) as f64 <= self.allowance(calls) + 1e-9
    }

    fn allowance(&self, calls: u64) -> f64 {
        self.plan.share * calls as f64 + self.plan.min_per_second * self.plan.window.as_secs_f64()
    }

    /// How many of these are in the window in this tenth: those of it and of the nine before.
    fn within(&self, moments: &[Duration], tenth: u64) -> u64 {
        let in_window = |moment: &&Duration| self.tenth(**moment) + 10 > tenth;
        moments.iter().filter(in_window).count() as u64
    }

    fn tenth(&self, moment: Duration) -> u64 {
        moment.as_nanos() as u64 / self.length()
    }

    /// Of a tenth of the window.
    fn length(&self) -> u64 {
        self.plan.window.as_nanos() as u64 / 10
    }
}

pub(super) fn thousandths(tokens: f64) -> i64 {
    (tokens * 1_000.0).round() as i64
}
