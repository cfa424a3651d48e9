//! Damping: a status changes only when enough results in a row agree that it should.

use crate::rules::Rules;
use crate::status::Status;

/// Two thresholds a result can pass, "not healthy" and "unhealthy", each damped for itself. Since
/// whatever passes the second passes the first, the first switches on no later and off no earlier.
#[derive(Debug, Clone, Default)]
pub(crate) struct Damping {
    /// `None` until the first result and after one that could not tell.
    latches: Option<Latches>,
}

#[derive(Debug, Clone)]
struct Latches {
    not_healthy: Latch,
    unhealthy: Latch,
}

impl Damping {
    /// Takes one result in. The first one, and the first after an unknown one, counts at once:
    /// there is nothing yet that it could make flap.
    pub(crate) fn push(&mut self, result: Status, rules: &Rules) {
        let (not_healthy, unhealthy) = match result {
            Status::Healthy => (false, false),
            Status::Degraded => (true, false),
            Status::Unhealthy => (true, true),
            Status::Unknown => {
                self.latches = None;
                return;
            }
        };
        match &mut self.latches {
            None => {
                self.latches = Some(Latches {
                    not_healthy: Latch::new(not_healthy),
                    unhealthy: Latch::new(unhealthy),
                });
            }
            Some(latches) => {
                latches.not_healthy.push(not_healthy, rules);
                latches.unhealthy.push(unhealthy, rules);
            }
        }
    }

    /// Forgets everything: the next result counts at once.
    pub(crate) fn reset(&mut self) {
        self.latches = None;
    }

    pub(crate) fn status(&self) -> Status {
        match &self.latches {
            None => Status::Unknown,
            Some(latches) if latches.unhealthy.on => Status::Unhealthy,
            Some(latches) if latches.not_healthy.on => Status::Degraded,
            Some(_) => Status::Healthy,
        }
    }
}

/// Switches on after `unhealthy_after` results in a row that pass, off after `healthy_after` that
/// do not.
#[derive(Debug, Clone)]
struct Latch {
    on: bool,
    /// Results in a row that speak against the present position.
    against: u32,
}

impl Latch {
    fn new(on: bool) -> Self {
        Self { on, against: 0 }
    }

    fn push(&mut self, passes: bool, rules: &Rules) {
        if passes == self.on {
            self.against = 0;
            return;
        }
        self.against = self.against.saturating_add(1);
        let needed = if passes {
            rules.unhealthy_after
        } else {
            rules.healthy_after
        };
        if self.against >= needed {
            *self = Self::new(passes);
        }
    }
}
