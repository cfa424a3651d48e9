//! Rows that wait to be told of.

use std::collections::{HashSet, VecDeque};

use super::row::Row;

/// Rows that are told in one step because of their numbers. If more have changed they take turns, so that very many
/// busy components cost no more than some 50 KB a second; a change of state is always told at once.
const ROWS: usize = 64;

/// Nor more bytes of JSON than this, but for the last row: a row with an error is as long as the error is.
const BYTES: usize = 45_000;

/// What is told in one step.
#[derive(Debug, Default)]
pub(super) struct Turns {
    rows: usize,
    bytes: usize,
}

impl Turns {
    pub(super) const fn are_over(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }

    pub(super) fn take(&mut self, row: &Row) {
        self.rows += 1;
        self.bytes += serde_json::to_vec(row).map_or(0, |json| json.len());
    }
}

/// Ids of rows of which only the numbers have changed, those first that have waited longest.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    line: VecDeque<String>,
    ids: HashSet<String>,
}

impl Waiting {
    pub(super) fn push(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.line.push_back(id.to_owned());
        }
    }

    /// One that was told meanwhile waits no longer.
    pub(super) fn remove(&mut self, id: &str) {
        if self.ids.remove(id) {
            self.line.retain(|waiting| waiting != id);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.line.len()
    }

    /// Those that are gone wait no longer.
    pub(super) fn retain(&mut self, is_there: impl Fn(&String) -> bool) {
        self.line.retain(&is_there);
        self.ids.retain(is_there);
    }

    pub(super) fn pop(&mut self) -> Option<String> {
        let id = self.line.pop_front()?;
        self.ids.remove(&id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waits_once_and_those_that_were_told_meanwhile_no_longer() {
        let mut waiting = Waiting::default();
        for id in ["a", "b", "a", "c"] {
            waiting.push(id);
        }
        waiting.remove("b");
        assert_eq!(waiting.pop().as_deref(), Some("a"));
        // Again, behind the others.
        waiting.push("a");
        waiting.push("b");
        let rest: Vec<_> = std::iter::from_fn(|| waiting.pop()).collect();
        assert_eq!(rest, ["c", "a", "b"]);
        assert!(waiting.line.is_empty() && waiting.ids.is_empty());
    }
}
