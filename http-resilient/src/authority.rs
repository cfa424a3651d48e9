//! What a client keeps for each authority: a circuit breaker and a bulkhead, in a bounded map.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use reqwest::Url;
use steadfast_breaker::{Cause, CircuitBreaker, Snapshot, State};
use steadfast_bulkhead::Bulkhead;

use crate::settings::Patterns;
use crate::snapshot::AuthoritySnapshot;

/// The patterns in front of one host and port.
#[derive(Debug)]
pub(crate) struct Authority {
    pub(crate) name: Arc<str>,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) bulkhead: Bulkhead,
    /// When it was last asked for, in a count of askings. Relaxed: written under the map's lock.
    last_used: AtomicU64,
}

impl Authority {
    pub(crate) fn snapshot(&self) -> AuthoritySnapshot {
        AuthoritySnapshot {
            authority: Arc::clone(&self.name),
            breaker: self.breaker.snapshot(),
            bulkhead: self.bulkhead.snapshot(),
        }
    }

    /// Whether forgetting it would lose nothing that protects anyone: no call is in flight, and the
    /// breaker rejects nobody.
    fn idle(&self) -> Option<Idle> {
        let places = self.bulkhead.snapshot();
        let breaker = self.breaker.snapshot();
        if places.busy > 0 || places.waiting > 0 || breaker.in_flight > 0 {
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
    limit: usize,
    map: Mutex<Map>,
}

#[derive(Debug, Default)]
struct Map {
    entries: HashMap<Arc<str>, Arc<Authority>>,
    asked: u64,
    evicted: u64,
}

impl Authorities {
    pub(crate) fn new(patterns: Patterns, limit: usize) -> Self {
        Self {
            patterns,
            limit,
            map: Mutex::default(),
        }
    }

    /// The patterns of the authority called `name`, and whether it is met for the first time.
    pub(crate) fn meet(&self, name: &str) -> (Arc<Authority>, bool) {
        let mut map = self.map.lock();
        map.asked += 1;
        if let Some(known) = map.entries.get(name) {
            known.last_used.store(map.asked, Ordering::Relaxed);
            return (Arc::clone(known), false);
        }
        let evicted = if map.entries.len() < self.limit {
            Vec::new()
        } else {
            map.evict(self.limit)
        };
        let (breaker, bulkhead) = self.patterns.make(name);
        let authority = Arc::new(Authority {
            name: Arc::from(name),
            breaker,
            bulkhead,
            last_used: AtomicU64::new(map.asked),
        });
        map.entries
            .insert(Arc::clone(&authority.name), Arc::clone(&authority));
        drop(map);
        // Their patterns may hold observers, which are code of others.
        drop(evicted);
        (authority, true)
    }

    /// Every authority, sorted by name.
    pub(crate) fn all(&self) -> Vec<Arc<Authority>> {
        let mut all: Vec<_> = self.map.lock().entries.values().cloned().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// How many there are, and how many have been forgotten.
    pub(crate) fn count(&self) -> (usize, u64) {
        let map = self.map.lock();
        (map.entries.len(), map.evicted)
    }
}

impl Map {
    /// Forgets idle authorities until there is room for one and some to spare, so that the search
    /// is not made for every new one. Closed breakers go first, among equals the least recently used.
    ///
    /// May find none: then the map grows, for as long as all of them are busy or rejecting calls.
    fn evict(&mut self, limit: usize) -> Vec<Arc<Authority>> {
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

/// `host:port` of a URL: what breakers and bulkheads are kept by.
pub(crate) fn authority_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    Some(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn authorities(limit: usize) -> Authorities {
        let mut settings = Settings::default();
        settings.breaker.failure_threshold = Some(1);
        settings.breaker.success_threshold = 1;
        settings.breaker.ramp_up = Duration::from_secs(60);
        Authorities::new(Patterns::new(Arc::from("test"), settings), limit)
    }

    fn names(authorities: &Authorities) -> Vec<String> {
        authorities
            .all()
            .iter()
            .map(|authority| authority.name.to_string())
            .collect()
    }

    #[test]
    fn one_authority_has_one_state() {
        let authorities = authorities(2);
        let (first, is_new) = authorities.meet("a:80");
        assert!(is_new);
        let (second, is_new) = authorities.meet("a:80");
        assert!(!is_new);
        assert!(first.breaker.ptr_eq(&second.breaker));
        assert_eq!(first.breaker.name(), "test/a:80");
        assert_eq!(first.bulkhead.name(), "test/a:80");
    }

    #[test]
    fn forgets_the_least_recently_used_idle_one() {
        let authorities = authorities(2);
        authorities.meet("a:80");
        authorities.meet("b:80");
        authorities.meet("a:80");
        authorities.meet("c:80");
        assert_eq!(names(&authorities), ["a:80", "c:80"]);
        assert_eq!(authorities.count(), (2, 1));
    }

    #[test]
    fn never_forgets_one_with_calls_in_flight() {
        let authorities = authorities(1);
        let in_flight = authorities.meet("a:80").0.breaker.try_acquire();
        let running = authorities.meet("b:80").0.bulkhead.try_acquire();
        let held = authorities.meet("c:80");
        authorities.meet("d:80");
        assert_eq!(names(&authorities), ["a:80", "b:80", "c:80", "d:80"]);

        drop((in_flight, running, held));
        authorities.meet("e:80");
        assert_eq!(names(&authorities), ["e:80"], "the surplus is gone too");
    }

    #[test]
    fn never_forgets_one_whose_breaker_rejects_calls() {
        let authorities = authorities(1);
        let broken = authorities.meet("a:80").0.breaker.clone();
        broken.try_acquire().unwrap().failure();
        assert_eq!(broken.state(), State::Open);
        authorities.meet("b:80");
        authorities.meet("c:80");
        assert_eq!(names(&authorities), ["a:80", "c:80"]);
    }

    #[tokio::test(start_paused = true)]
    async fn forgets_one_whose_open_time_is_over_only_when_no_closed_one_is_left() {
        let authorities = authorities(2);
        let broken = authorities.meet("a:80").0.breaker.clone();
        broken.try_acquire().unwrap().failure();
        authorities.meet("b:80");
        tokio::time::advance(Duration::from_secs(31)).await;
        authorities.meet("c:80");
        assert_eq!(names(&authorities), ["a:80", "c:80"], "b was closed");

        let busy = authorities.meet("c:80");
        authorities.meet("d:80");
        assert_eq!(names(&authorities), ["c:80", "d:80"]);
        drop(busy);
    }

    #[tokio::test(start_paused = true)]
    async fn one_whose_breaker_ramps_up_is_worth_as_much_as_one_that_may_probe() {
        let authorities = authorities(2);
        let mended = authorities.meet("a:80").0.breaker.clone();
        mended.try_acquire().unwrap().failure();
        tokio::time::advance(Duration::from_secs(30)).await;
        mended.try_acquire().unwrap().success();
        assert_eq!(mended.state(), State::Closed);
        authorities.meet("b:80");
        authorities.meet("c:80");
        assert_eq!(names(&authorities), ["a:80", "c:80"], "b was just closed");

        tokio::time::advance(Duration::from_secs(60)).await;
        authorities.meet("d:80");
        assert_eq!(names(&authorities), ["c:80", "d:80"], "the ramp is over");
    }

    #[test]
    fn an_authority_is_host_and_port() {
        for (url, authority) in [
            ("http://api.example/x", "api.example:80"),
            ("https://api.example/x", "api.example:443"),
            ("https://user:secret@api.example:8443/", "api.example:8443"),
            ("http://[::1]/", "[::1]:80"),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(authority_of(&url).as_deref(), Some(authority));
        }
        assert_eq!(authority_of(&Url::parse("mailto:me@x.y").unwrap()), None);
    }
}
