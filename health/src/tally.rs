//! How many components are how well, counted one by one, and what follows for the whole.

use crate::counts::Counts;
use crate::probe::Probe;
use crate::status::{Importance, Status, contribution, worst};

/// The answers to the three probes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RollUps {
    pub(crate) liveness: Status,
    pub(crate) readiness: Status,
    pub(crate) startup: Status,
}

/// What one component adds to the whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub(crate) status: Status,
    pub(crate) importance: Importance,
    pub(crate) liveness: bool,
    /// Whether it counts for startup.
    pub(crate) startup: bool,
    pub(crate) has_started: bool,
}

/// The sum of all shares. One that changes is taken and added again, so that a result costs no look at
/// every component.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) statuses: Counts,
    readiness: Counts,
    liveness: Counts,
    /// Components that count for startup.
    awaited: usize,
    /// Those of them that have never been there.
    missing: Counts,
}

impl Tally {
    pub(crate) fn add(&mut self, share: Share) {
        self.count(share, |number| *number += 1);
    }

    /// Only what was added.
    pub(crate) fn take(&mut self, share: Share) {
        self.count(share, |number| *number -= 1);
    }

    fn count(&mut self, share: Share, count: impl Fn(&mut usize)) {
        let contributed = contribution(share.importance, share.status);
        count(self.statuses.of_mut(share.status));
        count(self.readiness.of_mut(contributed));
        if share.liveness {
            count(self.liveness.of_mut(contributed));
        }
        if share.startup {
            count(&mut self.awaited);
            if !share.has_started {
                count(self.missing.of_mut(share.status));
            }
        }
    }

    /// Whether there is something to wait for, and it has all been there.
    pub(crate) fn all_have_started(&self) -> bool {
        self.awaited > 0 && self.missing.total() == 0
    }

    /// `has_started` is whether the service has come up before.
    pub(crate) fn roll_ups(&self, has_started: bool) -> RollUps {
        RollUps {
            liveness: worst(&self.liveness),
            readiness: worst(&self.readiness),
            startup: match has_started {
                true => Status::Healthy,
                false => worst(&self.missing),
            },
        }
    }
}

impl FromIterator<Share> for Tally {
    fn from_iter<I: IntoIterator<Item = Share>>(shares: I) -> Self {
        let mut tally = Self::default();
        for share in shares {
            tally.add(share);
        }
        tally
    }
}

impl RollUps {
    pub(crate) fn of(&self, probe: Probe) -> Status {
        match probe {
            Probe::Liveness => self.liveness,
            Probe::Readiness => self.readiness,
            Probe::Startup => self.startup,
        }
    }
}
