//! How many components are how well.

use std::iter::Sum;

use crate::status::Status;

/// How many components of a monitor have which status. Required or optional makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Components that work.
    pub healthy: usize,
    /// Components that work worse than they should.
    pub degraded: usize,
    /// Components that do not work.
    pub unhealthy: usize,
    /// Components of which nobody can tell, those that wait for a dependency among them.
    pub unknown: usize,
}

impl Counts {
    /// All components.
    #[must_use]
    pub fn total(&self) -> usize {
        self.healthy + self.degraded + self.unhealthy + self.unknown
    }

    /// The components of that status.
    #[must_use]
    pub fn of(&self, status: Status) -> usize {
        match status {
            Status::Healthy => self.healthy,
            Status::Degraded => self.degraded,
            Status::Unhealthy => self.unhealthy,
            Status::Unknown => self.unknown,
        }
    }

    pub(crate) fn of_mut(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Healthy => &mut self.healthy,
            Status::Degraded => &mut self.degraded,
            Status::Unhealthy => &mut self.unhealthy,
            Status::Unknown => &mut self.unknown,
        }
    }
}

impl Sum<Status> for Counts {
    fn sum<I: Iterator<Item = Status>>(statuses: I) -> Self {
        let mut counts = Self::default();
        for status in statuses {
            *counts.of_mut(status) += 1;
        }
        counts
    }
}
