//! The naive model: all callers in a map, looked through from the beginning each time.

use std::collections::BTreeMap;

/// How long callers stay in line at first, in milliseconds.
pub(super) const TIMEOUT: u64 = 20;

/// What became of a caller, as the model sees it. Times in milliseconds.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Permit {
        weight: usize,
        waited: u64,
    },
    TooMany {
        wanted: usize,
        limit: usize,
    },
    Full {
        waited: u64,
        retry_after: Option<u64>,
    },
    Timeout {
        waited: u64,
        retry_after: Option<u64>,
    },
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Caller {
    InLine {
        class: usize,
        since: u64,
        until: u64,
        wants: usize,
    },
    /// Has lost its place to a caller whom it belonged to.
    Displaced {
        since: u64,
        wants: usize,
        waiting: usize,
    },
    Granted {
        since: u64,
        weight: usize,
    },
    TooHeavy {
        wanted: usize,
        limit: usize,
    },
    SentHome,
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) places: usize,
    pub(super) max_waiting: usize,
    /// How long callers who come now stay in line, in milliseconds.
    pub(super) timeout: u64,
    pub(super) now: u64,
    pub(super) closed: bool,
    /// Who was handed a place that nobody was told about yet.
    pub(super) unheard: Vec<usize>,
    /// The places that permits hold.
    pub(super) held: usize,
    pub(super) shares: [usize; 3],
    /// What each class was given, in places times the shares of the other two.
    pub(super) passes: [usize; 3],
    pub(super) pass_now: usize,
    /// The mean of recent holds in nanoseconds, once there was one.
    pub(super) recent: Option<u64>,
    pub(super) measures: bool,
    pub(super) holds: u64,
    pub(super) hold_total: u64,
    pub(super) displaced: u64,
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
        (0..3).map(|class| self.in_line_of(class)).sum()
    }

    pub(super) fn in_line_of(&self, of: usize) -> usize {
        let waits =
            |caller: &&Caller| matches!(caller, Caller::InLine { class, .. } if *class == of);
        self.callers.values().filter(waits).count()
    }

    /// How many in line belong to a class: its share of the whole rounded down, at least one, and
    /// none where that would be more than there are, the largest giving first.
    pub(super) fn owned(&self) -> [usize; 3] {
        let sum: usize = self.shares.iter().sum();
        let mut owned = self
            .shares
            .map(|share| (self.max_waiting * share / sum).max(1));
        while owned.iter().sum::<usize>() > self.max_waiting {
            let largest = *owned.iter().max().unwrap();
            let last = owned.iter().rposition(|owned| *owned == largest).unwrap();
            owned[last] -= 1;
        }
        owned
    }

    fn stride(&self, class: usize) -> usize {
        self.shares.iter().product::<usize>() / self.shares[class]
    }

    /// Those in line stay there, and keep their timeout. With other shares all begin alike.
    pub(super) fn reconfigure(
        &mut self,
        places: usize,
        max_waiting: usize,
        timeout: u64,
        shares: Option<[usize; 3]>,
    ) {
        let strides = |model: &Self| [0, 1, 2].map(|class| model.stride(class));
        let before = strides(self);
        (self.places, self.max_waiting, self.timeout) = (places, max_waiting, timeout);
        self.shares = shares.unwrap_or(self.shares);
        if strides(self) != before {
            self.passes = [0; 3];
            self.pass_now = 0;
        }
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

    /// Places that are free go to those in line. Whose turn is it? That of the class with the lowest
    /// pass, of those the highest, and in it that of who came first; nobody passes one for whom there
    /// are not enough places yet. Who hears of it.
    pub(super) fn hand_out(&mut self) -> Vec<usize> {
        let mut heard = std::mem::take(&mut self.unheard);
        while let Some(class) = (0..3)
            .filter(|class| self.in_line_of(*class) > 0)
            .min_by_key(|class| self.passes[*class])
        {
            let (id, since, wants) = self
                .callers
                .iter()
                .find_map(|(id, caller)| match *caller {
                    Caller::InLine {
                        class: of,
                        since,
                        wants,
                        ..
                    } if of == class => Some((*id, since, wants)),
                    _ => None,
                })
                .unwrap();
            let answer = if wants > self.places {
                Caller::TooHeavy {
                    wanted: wants,
                    limit: self.places,
                }
            } else if self.has_room_for(wants) {
                self.pass_now = self.passes[class];
                self.passes[class] += wants * self.stride(class);
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
        self.rest();
        heard
    }

    /// Where nobody waits, nobody has been given anything.
    fn rest(&mut self) {
        if self.in_line() == 0 {
            self.passes = [0; 3];
            self.pass_now = 0;
        }
    }

    /// A caller leaves in the middle.
    pub(super) fn leave(&mut self, id: usize) {
        self.callers.remove(&id);
        self.rest();
    }

    fn retry_after(&self, ahead: usize) -> Option<u64> {
        let time = self.recent? * ahead as u64 / self.places as u64;
        Some(time).filter(|time| *time > 0)
    }

    fn full(&mut self, places: usize) -> Answer {
        self.full += 1;
        let waited = 0;
        let retry_after = self.retry_after(self.in_line() + places);
        Answer::Full {
            waited,
            retry_after,
        }
    }

    /// A permit was held for so many milliseconds.
    pub(super) fn held_for(&mut self, ms: u64) {
        if !self.measures {
            return;
        }
        let nanos = ms * 1_000_000;
        let recent = self
            .recent
            .map_or(nanos, |recent| recent - recent / 8 + nanos / 8);
        self.recent = Some(recent.max(1));
        self.holds += 1;
        self.hold_total += ms;
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
            return self.full(places);
        }
        self.held += places;
        self.acquired += 1;
        Answer::Permit {
            weight: places,
            waited: 0,
        }
    }

    /// The number of the caller that waits now, and who was displaced by it.
    pub(super) fn acquire(
        &mut self,
        class: usize,
        places: usize,
    ) -> Result<Answer, (usize, Option<usize>)> {
        let sound = (1..=self.places).contains(&places) && !self.closed;
        let full = self.in_line() > 0 || !self.has_room_for(places);
        if !sound || !full || self.max_waiting == 0 || self.timeout == 0 {
            return Ok(self.admit(places));
        }
        let mut displaced = None;
        if self.in_line() >= self.max_waiting {
            let owned = self.owned();
            if self.in_line_of(class) >= owned[class] {
                return Ok(self.full(places));
            }
            displaced = Some(self.displace(owned));
        }
        if self.in_line_of(class) == 0 {
            self.passes[class] = self.passes[class].max(self.pass_now);
        }
        self.arrivals += 1;
        let caller = Caller::InLine {
            class,
            since: self.now,
            until: self.now + self.timeout,
            wants: places,
        };
        self.callers.insert(self.arrivals, caller);
        Err((self.arrivals, displaced))
    }

    /// The newest of the class that has most above its own, of those the lowest.
    fn displace(&mut self, owned: [usize; 3]) -> usize {
        let above = |class: &usize| self.in_line_of(*class).saturating_sub(owned[*class]);
        let from = (0..3).max_by_key(above).unwrap();
        let waiting = self.in_line();
        let newest = self.callers.iter_mut().rev().find_map(|(id, caller)| {
            let Caller::InLine {
                class,
                since,
                wants,
                ..
            } = *caller
            else {
                return None;
            };
            if class != from {
                return None;
            }
            *caller = Caller::Displaced {
                since,
                wants,
                waiting,
            };
            Some(*id)
        });
        self.rest();
        newest.unwrap()
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
            Caller::Displaced {
                since,
                wants,
                waiting,
            } => {
                self.full += 1;
                self.displaced += 1;
                Answer::Full {
                    waited: self.now - since,
                    retry_after: self.retry_after(waiting + wants),
                }
            }
            Caller::InLine {
                since,
                wants,
                until,
                ..
            } if self.now >= until => {
                self.timeouts += 1;
                // Those behind are served at once: it may have been in their way.
                self.leave(id);
                self.unheard = self.hand_out();
                return Some(Answer::Timeout {
                    waited: self.now - since,
                    retry_after: self.retry_after(self.in_line() + wants),
                });
            }
            Caller::InLine { .. } => return None,
        };
        self.callers.remove(&id);
        Some(answer)
    }
}
