//! The log: the latest events, each under a number.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use serde::Serialize;

use crate::view::{Severity, Told};

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    /// In milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) kind: &'static str,
    pub(crate) severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component: Option<String>,
    pub(crate) name: String,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Arc<str>>,
}

/// Of noisy events of one kind and name, one is told in so many milliseconds, with a count of the others.
const NOISE_APART: u64 = 10_000;

/// Names whose noise is held back at one time.
const NOISY_NAMES: usize = 1024;

/// The latest events, oldest first.
#[derive(Debug)]
pub(crate) struct Ring {
    entries: VecDeque<Arc<Entry>>,
    room: usize,
    last: u64,
    /// The last number that was given out before this process did.
    begin: u64,
    noise: HashMap<(&'static str, String), Noise>,
}

#[derive(Debug)]
struct Noise {
    told_at: u64,
    held_back: u64,
}

impl Noise {
    /// A clock that was set back must not hold back everything until it has caught up.
    fn is_recent(&self, at: u64) -> bool {
        at.abs_diff(self.told_at) < NOISE_APART
    }
}

/// Entries after a number.
#[derive(Debug, Default)]
pub(crate) struct Since {
    pub(crate) entries: Vec<Arc<Entry>>,
    /// How many there were that are forgotten.
    pub(crate) missed: u64,
}

impl Ring {
    /// A log whose first entry comes after `begin`. Later processes have to begin higher, so that a number of
    /// an earlier one is not taken for one of theirs.
    pub(crate) fn new(room: usize, begin: u64) -> Self {
        Self {
            entries: VecDeque::new(),
            room,
            last: begin,
            begin,
            noise: HashMap::new(),
        }
    }

    /// The number of the latest entry.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Takes an event in; `None` if it is held back as one of too many.
    pub(crate) fn tell(&mut self, told: Told, at: u64, by: Option<Arc<str>>) -> Option<Arc<Entry>> {
        let mut text = told.text;
        if told.noisy {
            let held_back = self.pass(told.kind, &told.name, at)?;
            if held_back > 0 {
                text.push_str(&format!(" (and {held_back} more since the last one told)"));
            }
        }
        self.last += 1;
        let entry = Arc::new(Entry {
            seq: self.last,
            at,
            kind: told.kind,
            severity: told.severity,
            component: told.component,
            name: told.name,
            text,
            by,
        });
        if self.entries.len() >= self.room {
            self.entries.pop_front();
        }
        self.entries.push_back(Arc::clone(&entry));
        Some(entry)
    }

    /// The latest entries, oldest first.
    pub(crate) fn latest(&self, most: usize) -> Vec<Arc<Entry>> {
        let over = self.entries.len().saturating_sub(most);
        self.entries.iter().skip(over).cloned().collect()
    }

    /// The entries of one name, oldest first.
    pub(crate) fn of_name(&self, name: &str, most: usize) -> Vec<Arc<Entry>> {
        let of_name = self.entries.iter().rev().filter(|entry| entry.name == name);
        let mut entries: Vec<_> = of_name.take(most).cloned().collect();
        entries.reverse();
        entries
    }

    /// What came after the entry of that number. All that there is if it is a number of another process.
    pub(crate) fn since(&self, seq: u64) -> Since {
        if seq < self.begin || seq > self.last {
            return Since {
                entries: self.latest(usize::MAX),
                missed: 0,
            };
        }
        let later = self.entries.iter().skip_while(|entry| entry.seq <= seq);
        let entries: Vec<_> = later.cloned().collect();
        let missed = self.last - seq - entries.len() as u64;
        Since { entries, missed }
    }

    /// How many of the same were held back, if this one is to be told.
    fn pass(&mut self, kind: &'static str, name: &str, at: u64) -> Option<u64> {
        let key = (kind, name.to_owned());
        let known = self.noise.get_mut(&key);
        if let Some(noise) = known.filter(|noise| noise.is_recent(at)) {
            noise.held_back += 1;
            return None;
        }
        if self.noise.len() >= NOISY_NAMES {
            let noise = &mut self.noise;
            noise.retain(|_, noise| noise.is_recent(at));
            if noise.len() >= NOISY_NAMES && !noise.contains_key(&key) {
                // So many names that none of them is news.
                return None;
            }
        }
        let fresh = Noise {
            told_at: at,
            held_back: 0,
        };
        let before = self.noise.insert(key, fresh);
        Some(before.map_or(0, |noise| noise.held_back))
    }
}

#[cfg(test)]
mod tests;
