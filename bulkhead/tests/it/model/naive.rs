//! The naive model: all callers in a map, looked through from the beginning each time.

use std::collections::BTreeMap;

/// How long callers stay in line, in milliseconds.
pub(super) const TIMEOUT: u64 = 20;

/// What became of a caller, as the model sees it. Times in milliseconds.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Permit { weight: usize, waited: u64 },
    TooMany { wanted: usize, limit: usize },
    Full,
    Timeout { waited: u64 },
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caller {
    InLine { since: u64, wants: usize },
    Granted { since: u64, weight: usize },
    TooHeavy { wanted: usize, limit: usize },
    SentHome,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) places: usize,
    pub(super) max_waiting: usize,
    pub(super) now: u64,
    pub(super) closed: bool,
    /// The places that permits hold.
    pub(super) held: usize,
    /// In order of arrival, those included that were granted a place but do not know yet.
    pub(super) callers: BTreeMap<usize, Caller>,
    pub(super) arrivals: usize,
    pub(super) peak_busy: usize,
    pub(super) peak_waiting: usize,
    pub(super) acquired: u64,
    pub(super) after_wait: u64,
    pub(super) completed: u64,
    pub(super) full: u64,
    pub(super) timeouts: u64,
    pub(super) closings: u64,
    pub(super) too_many: u64,
    pub(super) abandoned: u64,
    pub(super) wait_total: u64,
}

impl Model {
    pub(super) fn in_line(&self) -> usize {
        let waits = |caller: &&Caller| matches!(caller, Caller::InLine { .. });
        self.callers.values().filter(waits).count()
    }

    pub(super) fn busy(&self) -> usize {
        let granted = |caller: &Caller| match caller {
            Caller::Granted { weight, .. } => *weight,
            _ => 0,
        };
        self.held + self.callers.values().map(granted).sum::<usize>()
    }

    pub(super) fn has_room_for(&self, places: usize) -> bool {
        self.busy() + places <= self.places
    }

    /// Places that are free go to those in line, first come, first served, and nobody passes one for
    /// whom there are not enough yet. Who hears of it.
    pub(super) fn hand_out(&mut self) -> Vec<usize> {
        let mut heard = Vec::new();
        for id in self.callers.keys().copied().collect::<Vec<_>>() {
            let Caller::InLine { since, wants } = self.callers[&id] else {
                continue;
            };
            let answer = if wants > self.places {
                Caller::TooHeavy {
                    wanted: wants,
                    limit: self.places,
                }
            } else if self.has_room_for(wants) {
                Caller::Granted {
                    since,
                    weight: wants,
                }
            } else {
                break;
            };
            self.callers.insert(id, answer);
            heard.push(id);
        }
        heard
    }

    pub(super) fn too_many(&mut self, wanted: usize, limit: usize) -> Answer {
        self.too_many += 1;
        Answer::TooMany { wanted, limit }
    }

    pub(super) fn admit(&mut self, places: usize) -> Answer {
        if places == 0 || places > self.places {
            return self.too_many(places, self.places);
        }
        if self.closed {
            self.closings += 1;
            return Answer::Closed;
        }
        if self.in_line() > 0 || !self.has_room_for(places) {
            self.full += 1;
            return Answer::Full;
        }
        self.held += places;
        self.acquired += 1;
        Answer::Permit {
            weight: places,
            waited: 0,
        }
    }

    pub(super) fn acquire(&mut self, places: usize) -> Result<Answer, usize> {
        let sound = (1..=self.places).contains(&places) && !self.closed;
        let full = self.in_line() > 0 || !self.has_room_for(places);
        if sound && full && self.in_line() < self.max_waiting {
            self.arrivals += 1;
            let caller = Caller::InLine {
                since: self.now,
                wants: places,
            };
            self.callers.insert(self.arrivals, caller);
            return Err(self.arrivals);
        }
        Ok(self.admit(places))
    }

    pub(super) fn poll(&mut self, id: usize) -> Option<Answer> {
        let answer = match self.callers[&id] {
            Caller::Granted { since, weight } => {
                let waited = self.now - since;
                self.held += weight;
                self.acquired += 1;
                self.after_wait += 1;
                self.wait_total += waited;
                Answer::Permit { weight, waited }
            }
            Caller::SentHome => {
                self.closings += 1;
                Answer::Closed
            }
            Caller::TooHeavy { wanted, limit } => self.too_many(wanted, limit),
            Caller::InLine { since, .. } if self.now - since >= TIMEOUT => {
                self.timeouts += 1;
                let waited = self.now - since;
                Answer::Timeout { waited }
            }
            Caller::InLine { .. } => return None,
        };
        self.callers.remove(&id);
        Some(answer)
    }
}
