//! What a client keeps for each authority: a circuit breaker and a bulkhead, in a bounded map.

mod name;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Url;
use steadfast_breaker::{Cause, CircuitBreaker, Snapshot, State};
use steadfast_bulkhead::Bulkhead;

pub(crate) use self::name::is_http;
use self::name::{is_authority, with_authority};
#[cfg(feature = "rate-limit")]
use crate::rate_limit::Limiter;
use crate::settings::{Patterns, Settings};
use crate::snapshot::AuthoritySnapshot;
use crate::throttle::Throttle;

/// The patterns in front of one host and port.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) name: Arc<str>,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) bulkhead: Bulkhead,
    pub(crate) throttle: Throttle,
    #[cfg(feature = "rate-limit")]
    pub(crate) limiter: Option<Limiter>,
    /// Whether it is told of deadlines and attempts.
    pub(crate) propagates: bool,
    /// When it was last asked for, in a count of askings. Relaxed: written under the map's lock.
    last_used: AtomicU64,
}

impl Authority {
    pub(crate) fn snapshot(&self) -> AuthoritySnapshot {
        AuthoritySnapshot {
            authority: Arc::clone(&self.name),
            breaker: self.breaker.snapshot(),
            bulkhead: self.bulkhead.snapshot(),
            throttled_for: self.throttle.left(),
        }
    }

    /// Goes over to other settings, which have been checked.
    #[cfg(feature = "serde")]
    pub(crate) fn reconfigure(&self, settings: &Settings) {
        const CHECKED: &str = "settings are checked before they are the client's";
        if self.breaker.config() != settings.breaker {
            let breaker = settings.breaker.clone();
            self.breaker.reconfigure(breaker).expect(CHECKED);
        }
        let before = self.bulkhead.config();
        let bulkhead = settings.bulkhead_config(before.clone());
        if bulkhead != before {
            self.bulkhead.reconfigure(bulkhead).expect(CHECKED);
        }
        self.throttle.limit(longest_throttle(&self.name, settings));
    }

    /// Whether forgetting it would lose nothing that protects anyone: no call is in flight, and neither
    /// the breaker nor the server itself wants nobody to come.
    fn idle(&self) -> Option<Idle> {
        let places = self.bulkhead.snapshot();
        let breaker = self.breaker.snapshot();
        if places.busy > 0 || places.waiting > 0 || breaker.in_flight > 0 {
            return None;
        }
        if self.throttle.left().is_some() {
            return None;
        }
        match breaker.state {
            State::Closed if self.ramps_up(&breaker) => Some(Idle::Due),
            State::Closed => Some(Idle::Closed),
            State::Open if breaker.retry_after == Some(Duration::ZERO) => Some(Idle::Due),
            State::Open => None,
            State::HalfOpen => Some(Idle::Due),
        }
    }

    /// Whether the breaker has closed so lately that it does not let every call through yet.
    fn ramps_up(&self, breaker: &Snapshot) -> bool {
        breaker.cause == Some(Cause::ProbesSucceeded)
            && breaker.in_state_for < self.breaker.config().ramp_up
    }
}

/// How much an idle authority is worth keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Idle {
    /// Its breaker is closed: nothing is lost.
    Closed,
    /// Its breaker would let a probe, or some calls, through: its caution is lost.
    Due,
}

/// The authorities that a client has met, the least recently used of which are forgotten.
#[derive(Debug)]
pub(crate) struct Authorities {
    patterns: Patterns,
    map: Mutex<Map>,
}

#[derive(Debug, Default)]
struct Map {
    entries: HashMap<Arc<str>, Arc<Authority>>,
    /// The one of `entries` that was asked for last. Many clients have no other.
    latest: Option<Arc<Authority>>,
    /// What those share for which there is no room.
    overflow: Option<Arc<Authority>>,
    asked: u64,
    evicted: u64,
    overflowed: u64,
}

/// How many authorities there are, and what became of others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    #[cfg_attr(
        not(any(feature = "telemetry", test)),
        expect(dead_code, reason = "told to telemetry alone")
    )]
    pub(crate) known: usize,
    pub(crate) evicted: u64,
    pub(crate) overflowed: u64,
}

/// What those are called together for which there is no room.
const OVERFLOW: &str = "(overflow)";

impl Authorities {
    pub(crate) fn new(patterns: Patterns) -> Self {
        Self {
            patterns,
            map: Mutex::default(),
        }
    }

    /// The patterns of the authority of a URL, if it is one of HTTP, and whether they are met for the first
    /// time.
    pub(crate) fn meet_url(&self, url: &Url) -> Option<(Arc<Authority>, bool)> {
        if let Some(latest) = self.map.lock().again(url) {
            return Some((latest, false));
        }
        with_authority(url, |name| self.meet(name))
    }

    /// The patterns of the authority called `name`, and whether they are met for the first time.
    fn meet(&self, name: &str) -> (Arc<Authority>, bool) {
        let mut map = self.map.lock();
        map.asked += 1;
        if let Some(known) = map.entries.get(name).cloned() {
            known.last_used.store(map.asked, Ordering::Relaxed);
            let before = map.latest.replace(Arc::clone(&known));
            drop((map, before));
            return (known, false);
        }
        let limit = self.patterns.settings().max_authorities;
        let evicted = if map.entries.len() < limit {
            Vec::new()
        } else {
            map.evict(limit)
        };
        let met = if map.entries.len() < limit {
            let authority = self.make(name, map.asked);
            map.entries
                .insert(Arc::clone(&authority.name), Arc::clone(&authority));
            (authority, true)
        } else {
            map.overflowed += 1;
            let is_new = map.overflow.is_none();
            let overflow = map.overflow.get_or_insert_with(|| self.make(OVERFLOW, 0));
            (Arc::clone(overflow), is_new)
        };
        drop(map);
        // Their patterns may hold observers, which are code of others.
        drop(evicted);
        met
    }

    fn make(&self, name: &str, asked: u64) -> Arc<Authority> {
        let settings = self.patterns.settings();
        let (breaker, bulkhead) = self.patterns.make(settings, name);
        let propagation = settings.propagation.as_ref();
        Arc::new(Authority {
            #[cfg(feature = "rate-limit")]
            limiter: settings.rate_limit.map(Limiter::new),
            propagates: propagation.is_some_and(|propagation| propagation.reaches(name)),
            name: Arc::from(name),
            breaker,
            bulkhead,
            throttle: Throttle::new(longest_throttle(name, settings)),
            last_used: AtomicU64::new(asked),
        })
    }

    /// Every authority, sorted by name.
    pub(crate) fn all(&self) -> Vec<Arc<Authority>> {
        let mut all: Vec<_> = {
            let map = self.map.lock();
            map.entries.values().chain(&map.overflow).cloned().collect()
        };
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The authority of this name, if there is one; it is not asked for by that.
    pub(crate) fn peek(&self, name: &str) -> Option<Arc<Authority>> {
        let map = self.map.lock();
        let overflow = map.overflow.as_ref().filter(|_| name == OVERFLOW);
        map.entries.get(name).or(overflow).cloned()
    }

    pub(crate) fn counted(&self) -> Counted {
        let map = self.map.lock();
        Counted {
            known: map.entries.len(),
            evicted: map.evicted,
            overflowed: map.overflowed,
        }
    }
}

/// How long the authority of this name may be held back.
fn longest_throttle(name: &str, settings: &Settings) -> Duration {
    match name {
        // What one server states must not hold back others.
        OVERFLOW => Duration::ZERO,
        _ => settings.max_throttle,
    }
}

impl Map {
    /// The authority that was asked for last, if it is that of `url`.
    fn again(&self, url: &Url) -> Option<Arc<Authority>> {
        // It is the most recently used as it is.
        let latest = self.latest.as_ref();
        let latest = latest.filter(|latest| is_authority(&latest.name, url))?;
        Some(Arc::clone(latest))
    }

    /// Forgets idle authorities until there is room for one and some to spare, so that the search
    /// is not made for every new one. Closed breakers go first, among equals the least recently used.
    ///
    /// May find none: then there is no room, for as long as all of them are busy or rejecting calls.
    fn evict(&mut self, limit: usize) -> Vec<Arc<Authority>> {
        self.latest = None; // else it would be held, and stay
        let mut idle: Vec<_> = self
            .entries
            .values()
            // A call that has only just asked for it holds it too.
            .filter(|authority| Arc::strong_count(authority) == 1)
            .filter_map(|authority| {
                let last_used = authority.last_used.load(Ordering::Relaxed);
                Some((authority.idle()?, last_used, Arc::clone(&authority.name)))
            })
            .collect();
        idle.sort_unstable_by_key(|(idle, last_used, _)| (*idle, *last_used));
        let surplus = (self.entries.len() + 1).saturating_sub(limit);
        let closed = idle
            .iter()
            .take_while(|(idle, ..)| *idle == Idle::Closed)
            .count();
        // To spare: an eighth of the limit, but of closed ones only.
        let count = surplus.max(closed.min(surplus + limit / 8)).min(idle.len());
        idle.truncate(count);
        self.evicted += idle.len() as u64;
        let names = idle.into_iter().map(|(_, _, name)| name);
        names
            .filter_map(|name| self.entries.remove(&name))
            .collect()
    }
}

#[cfg(test)]
mod tests;
