//! Counts without a lock, and the cells that go from one thread to the next.

use std::sync::Arc;

use super::{Sightings, admitted, brittle, build, join, model, spawn};
use crate::counters::Counters;
use crate::slot::{self, NONE};

/// Sums in the order of a snapshot: never more ends than calls.
fn in_flight(counters: &Counters) -> u64 {
    let ended = counters.succeeded();
    let admitted = counters.admitted();
    admitted
        .checked_sub(ended)
        .unwrap_or_else(|| panic!("{admitted} calls, {ended} of them ended"))
}

fn two_threads_count(own: bool) {
    let counters = Arc::new(Counters::new(own));
    let call = {
        let counters = Arc::clone(&counters);
        move || {
            counters.admit();
            counters.succeed();
        }
    };
    let threads = [spawn(call.clone()), spawn(call)];
    assert!(in_flight(&counters) <= 2);
    threads.into_iter().for_each(join);
    assert_eq!((counters.admitted(), counters.succeeded()), (2, 2));
}

#[test]
fn cells_of_their_own_lose_nothing() {
    model(|| two_threads_count(true));
}

#[test]
fn a_shared_cell_loses_nothing() {
    model(|| two_threads_count(false));
}

#[test]
fn a_cell_goes_from_one_thread_to_the_next_with_its_counts() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let counters = Arc::new(Counters::new(true));
        let call = {
            let counters = Arc::clone(&counters);
            move || {
                counters.admit();
                counters.admit();
                slot::current()
            }
        };
        let threads = [(); 2].map(|()| spawn(call.clone()));
        let slots = threads.map(join);
        assert_eq!(counters.admitted(), 4);
        SEEN.add(slots.into_iter().filter(|&slot| slot == NONE).count() as u32);
    });
    // Handed on, and shared because it was taken.
    SEEN.assert_all(0..2);
}

#[test]
fn a_thread_that_is_ending_shares() {
    model(|| {
        let counters = Arc::new(Counters::new(true));
        let next = Arc::clone(&counters);
        let thread = spawn(move || next.admit());
        counters.admit();
        slot::end_thread();
        // From here on the number may be the other thread's.
        counters.admit();
        join(thread);
        assert_eq!(counters.admitted(), 3);
    });
}

#[test]
fn a_call_that_ends_on_another_thread_began_before_it_ended() {
    model(|| {
        let counters = Arc::new(Counters::new(true));
        let begins = Arc::clone(&counters);
        let thread = spawn(move || {
            begins.admit();
            spawn(move || begins.succeed())
        });
        assert!(in_flight(&counters) <= 1);
        join(join(thread));
        assert_eq!(in_flight(&counters), 0);
    });
}

/// One call is in flight all the time, whatever else comes and goes.
fn read_while_calls_come_and_go(end: fn(crate::permit::Permit)) {
    let breaker = build(brittle().failure_threshold(9));
    let stays = admitted(&breaker);
    let busy = breaker.clone();
    let thread = spawn(move || end(admitted(&busy)));
    let in_flight = breaker.snapshot().in_flight;
    assert!((1..=2).contains(&in_flight), "{in_flight} in flight");
    join(thread);
    assert_eq!(breaker.snapshot().in_flight, 1);
    stays.ignore();
    assert_eq!(breaker.snapshot().in_flight, 0);
}

#[test]
fn a_snapshot_misses_no_call_in_flight_while_others_succeed() {
    model(|| read_while_calls_come_and_go(crate::permit::Permit::success));
}

#[test]
fn a_snapshot_misses_no_call_in_flight_while_others_fail() {
    model(|| read_while_calls_come_and_go(crate::permit::Permit::failure));
}
