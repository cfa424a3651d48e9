//! What a hedged call does, told millisecond by millisecond.

use super::script::{Gives, Line};

#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// `None`: on failure only.
    pub(super) delay: Option<u64>,
    pub(super) max_hedges: u32,
    pub(super) hedge_failures: bool,
    /// How many hedges the budget allows.
    pub(super) allowance: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Ok(u32),
    Err(u32),
    Dropped,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Life {
    pub(super) begun: Vec<u64>,
    pub(super) end: End,
    pub(super) ended_at: u64,
    pub(super) suppressed: u64,
}

struct Attempt {
    number: u32,
    begun: u64,
    line: Line,
    over: bool,
}

struct Model {
    settings: Settings,
    attempts: Vec<Attempt>,
    /// Failures for which a hedge is still to be sent at once.
    owed: u32,
    not_before: u64,
    closed: bool,
    suppressed: u64,
    end: Option<End>,
}

/// Drops the call at `drop_at`, if it has not ended by then.
pub(super) fn live(settings: Settings, lines: &[Line], drop_at: u64) -> Life {
    let mut model = Model {
        settings,
        attempts: Vec::new(),
        owed: 0,
        not_before: 0,
        closed: false,
        suppressed: 0,
        end: None,
    };
    let mut time = 0;
    model.begin(0, lines);
    loop {
        model.tick(time, lines);
        if time == drop_at {
            model.end.get_or_insert(End::Dropped);
        }
        if let Some(end) = model.end {
            return Life {
                begun: model.attempts.iter().map(|attempt| attempt.begun).collect(),
                end,
                ended_at: time,
                suppressed: model.suppressed,
            };
        }
        time += 1;
    }
}

impl Model {
    fn begin(&mut self, time: u64, lines: &[Line]) {
        let number = self.attempts.len();
        self.attempts.push(Attempt {
            number: number as u32 + 1,
            begun: time,
            line: lines[number],
            over: false,
        });
    }

    fn tick(&mut self, time: u64, lines: &[Line]) {
        for nth in 0..self.attempts.len() {
            self.look_at(nth, time);
        }
        while self.end.is_none() && self.is_due(time) {
            if self.attempts.len() as u32 > self.settings.allowance {
                self.suppressed += 1;
                self.closed = true;
                break;
            }
            self.owed = self.owed.saturating_sub(1);
            self.begin(time, lines);
            self.look_at(self.attempts.len() - 1, time);
        }
        self.end_if_all_failed();
    }

    fn end_if_all_failed(&mut self) {
        let running = self.attempts.iter().any(|attempt| !attempt.over);
        let follows = self.owed > 0 && self.may_send();
        if !(running || follows) {
            self.end.get_or_insert(End::Err(1));
        }
    }

    fn may_send(&self) -> bool {
        !self.closed && self.attempts.len() as u32 <= self.settings.max_hedges
    }

    fn is_due(&self, time: u64) -> bool {
        let sent = self.attempts.len() as u64 - 1;
        let by_time = self.settings.delay.map(|delay| delay * (sent + 1));
        let wanted = self.owed > 0 || by_time.is_some_and(|at| at <= time);
        self.may_send() && wanted && self.not_before <= time
    }

    fn look_at(&mut self, nth: usize, time: u64) {
        let attempt = &mut self.attempts[nth];
        let ready = attempt.line.after.map(|after| attempt.begun + after);
        if self.end.is_some() || attempt.over || ready.is_none_or(|ready| ready > time) {
            return;
        }
        attempt.over = true;
        match attempt.line.gives {
            Gives::Ok => self.end = Some(End::Ok(attempt.number)),
            Gives::Stop => self.end = Some(End::Err(attempt.number)),
            Gives::Err => {}
            Gives::Rejected => self.closed = true,
            Gives::RetryAfter(hint) => self.not_before = self.not_before.max(time + hint),
            Gives::Panic => unreachable!("not in the model"),
        }
        if self.settings.hedge_failures || self.settings.delay.is_none() {
            self.owed += 1;
        }
        self.end_if_all_failed();
    }
}
