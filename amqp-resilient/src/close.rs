//! How a connection ended.

use std::fmt;

/// How a connection was closed, as told by [`ResilientConnection::close`](crate::ResilientConnection::close).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReport {
    /// Whether broker and client parted in agreement, or had no connection in the first place.
    /// Otherwise the connection was cut.
    pub graceful: bool,
    /// What was not finished when the grace was over: channels checked out, messages that were taken on, and
    /// declarations under way.
    pub abandoned: usize,
}

impl CloseReport {
    pub(crate) fn new(graceful: bool, abandoned: usize) -> Self {
        Self {
            graceful,
            abandoned,
        }
    }

    /// The report of both connections.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            graceful: self.graceful && other.graceful,
            abandoned: self.abandoned + other.abandoned,
        }
    }

    /// Whether nothing was cut short.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.graceful && self.abandoned == 0
    }
}

impl fmt::Display for CloseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = if self.graceful { "closed" } else { "cut" };
        write!(f, "{way} with {} left unfinished", self.abandoned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_graceful_only_if_each_is_and_what_was_abandoned_adds_up() {
        for (one, other) in [(true, true), (true, false), (false, true), (false, false)] {
            let both = CloseReport::new(one, 1).and(CloseReport::new(other, 2));
            assert_eq!(both, CloseReport::new(one && other, 3));
        }
    }
}
