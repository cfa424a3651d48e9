//! One transition for each edge, and never more probes than allowed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{
    OPEN_FOR, Sightings, admitted, brittle, build, due_for_a_probe, join, model, model_of_three,
    pass, settled, spawn,
};
use crate::breaker::CircuitBreaker;
use crate::observer::{Observer, Transition};
use crate::permit::Permit;
use crate::rejected::Reason;
use crate::state::{Cause, State};

#[test]
fn two_failures_at_the_threshold_open_once() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        let fail = |breaker: &CircuitBreaker| breaker.try_acquire().map(Permit::failure).is_ok();
        let thread = spawn({
            let breaker = breaker.clone();
            move || fail(&breaker)
        });
        let calls = u64::from(fail(&breaker)) + u64::from(join(thread));
        let snapshot = settled(&breaker, calls);
        assert_eq!(snapshot.state, State::Open);
        assert_eq!((snapshot.totals.opened, snapshot.generation), (1, 1));
        assert_eq!(snapshot.totals.rejected, 2 - calls);
        assert_eq!(snapshot.totals.stale, calls - 1);
        SEEN.add(calls as u32);
    });
    SEEN.assert_all(1..3);
}

#[derive(Default)]
struct Told(AtomicU32);

impl Observer for Told {
    fn transition(&self, transition: &Transition) {
        assert_eq!((transition.to, transition.generation), (State::Open, 1));
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn hears_rejections(&self) -> bool {
        false
    }
}

#[test]
fn an_opening_is_told_once() {
    model(|| {
        let told = Arc::new(Told::default());
        let breaker = build(brittle().observer(Arc::clone(&told)));
        let permits = [admitted(&breaker), admitted(&breaker)];
        let threads = permits.map(|permit| spawn(move || permit.failure()));
        threads.into_iter().for_each(join);
        assert_eq!(told.0.load(Ordering::Relaxed), 1);
    });
}

/// Asks on three threads at once and holds on to what it gets: the number of probes out.
fn probes_of_three(breaker: &CircuitBreaker) -> usize {
    let ask = |breaker: CircuitBreaker| move || breaker.try_acquire();
    let threads = [(); 2].map(|()| spawn(ask(breaker.clone())));
    let mine = breaker.try_acquire();
    let answers: Vec<_> = threads.map(join).into_iter().chain([mine]).collect();
    for rejected in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(rejected.reason(), Reason::ProbesBusy);
    }
    let snapshot = breaker.snapshot();
    assert_eq!(snapshot.state, State::HalfOpen);
    assert_eq!((snapshot.totals.half_opened, snapshot.generation), (1, 2));
    answers.iter().flatten().count()
}

#[test]
fn of_three_that_ask_at_once_one_becomes_the_probe() {
    model_of_three(|| {
        let breaker = due_for_a_probe(brittle());
        assert_eq!(probes_of_three(&breaker), 1);
        assert_eq!(breaker.snapshot().totals.rejected, 2);
        settled(&breaker, 2);
    });
}

#[test]
fn of_three_that_ask_at_once_two_become_probes() {
    model_of_three(|| {
        let breaker = due_for_a_probe(brittle().max_probes(2));
        assert_eq!(probes_of_three(&breaker), 2);
        settled(&breaker, 3);
    });
}

/// Both find a free place, and one asks while the other's probe comes back. What is out is counted from
/// within the time in which it really is.
#[test]
fn a_place_that_was_given_back_is_taken_once() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = due_for_a_probe(brittle());
        admitted(&breaker).ignore();
        let (out, probes) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let probe = {
            let (breaker, probes) = (breaker.clone(), Arc::clone(&probes));
            move || {
                let Ok(permit) = breaker.try_acquire() else {
                    return;
                };
                assert_eq!(out.fetch_add(1, Ordering::Relaxed), 0, "a probe too many");
                probes.fetch_add(1, Ordering::Relaxed);
                // A turn for the other.
                let _ = breaker.state();
                out.fetch_sub(1, Ordering::Relaxed);
                permit.ignore();
            }
        };
        let thread = spawn(probe.clone());
        probe();
        join(thread);
        let probes = probes.load(Ordering::Relaxed);
        let snapshot = settled(&breaker, u64::from(probes) + 2);
        assert_eq!((snapshot.state, snapshot.generation), (State::HalfOpen, 2));
        SEEN.add(probes);
    });
    SEEN.assert_all(1..3);
}

#[test]
fn two_probes_that_succeed_close_once() {
    model(|| {
        let breaker = due_for_a_probe(brittle().max_probes(2).success_threshold(2));
        let probes = [admitted(&breaker), admitted(&breaker)];
        let threads = probes.map(|probe| spawn(move || probe.success()));
        threads.into_iter().for_each(join);
        let snapshot = settled(&breaker, 3);
        assert_eq!((snapshot.state, snapshot.generation), (State::Closed, 3));
        assert_eq!((snapshot.totals.closed, snapshot.totals.stale), (1, 0));
    });
}

#[test]
fn of_a_probe_that_succeeds_and_one_that_fails_the_first_decides() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = due_for_a_probe(brittle().max_probes(2));
        let (succeeding, failing) = (admitted(&breaker), admitted(&breaker));
        let thread = spawn(move || succeeding.success());
        failing.failure();
        join(thread);
        let snapshot = settled(&breaker, 3);
        let totals = snapshot.totals;
        assert_eq!((snapshot.generation, totals.stale), (3, 1));
        assert_eq!(totals.closed + totals.opened - 1, 1);
        assert_eq!(snapshot.consecutive_failures, 0);
        SEEN.add(u32::from(snapshot.state == State::Open));
    });
    SEEN.assert_all(0..2);
}

/// The open time ends while two ask and the breaker's word still says open.
#[test]
fn the_open_time_ends_once() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        admitted(&breaker).failure();
        let asking = breaker.clone();
        let thread = spawn(move || asking.try_acquire());
        // A turn for the other.
        let _ = breaker.state();
        pass(OPEN_FOR);
        let answers = [breaker.try_acquire(), join(thread)];
        assert_eq!(answers.iter().flatten().count(), 1);
        let rejected = answers.into_iter().find_map(Result::err).unwrap();
        SEEN.add(u32::from(rejected.reason() == Reason::ProbesBusy));
        assert_eq!(breaker.snapshot().totals.half_opened, 1);
    });
    SEEN.assert_all(0..2);
}

#[test]
fn probes_that_do_not_come_back_expire_once() {
    model(|| {
        let breaker = due_for_a_probe(brittle().half_open_max(OPEN_FOR / 2));
        let lost = admitted(&breaker);
        pass(OPEN_FOR / 2);
        let asking = breaker.clone();
        let thread = spawn(move || asking.try_acquire().unwrap_err());
        let rejected = breaker.try_acquire().unwrap_err();
        let cause = Cause::ProbesExpired;
        assert_eq!(rejected.reason(), Reason::Open { cause });
        lost.success();
        let rejected = join(thread);
        assert_eq!(rejected.reason(), Reason::Open { cause });
        let snapshot = settled(&breaker, 2);
        assert_eq!((snapshot.generation, snapshot.totals.opened), (3, 2));
        assert_eq!((snapshot.state, snapshot.totals.stale), (State::Open, 1));
    });
}
