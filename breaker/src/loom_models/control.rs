//! What an operator does holds for whoever comes after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{
    Mark, OPEN_FOR, Sightings, admitted, brittle, build, join, model, pass, settled, spawn,
};
use crate::config::Window;
use crate::mode::Mode;
use crate::observer::Observer;
use crate::rejected::{Reason, Rejected};
use crate::state::State;

#[test]
fn once_the_breaker_is_forced_open_no_call_passes() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        let forced = Mark::new();
        let thread = spawn({
            let (breaker, forced) = (breaker.clone(), Arc::clone(&forced));
            move || {
                breaker.set_mode(Mode::ForcedOpen, "");
                forced.set();
            }
        });
        let knew = forced.is_set();
        let answer = breaker.try_acquire();
        if let Err(rejected) = &answer {
            assert_eq!(rejected.reason(), Reason::ForcedOpen);
        }
        assert!(!(knew && answer.is_ok()), "let through after the fact");
        SEEN.add(u32::from(knew) * 2 + u32::from(answer.is_ok()));
        let calls = u64::from(answer.map(|permit| permit.success()).is_ok());
        join(thread);
        let snapshot = settled(&breaker, calls);
        assert_eq!(snapshot.state, State::Open);
        assert!(breaker.try_acquire().is_err());
    });
    SEEN.assert_all(0..3);
}

/// The success makes the closed breaker's word anew, which must not undo that of the forced one.
#[test]
fn a_result_beside_it_does_not_undo_a_mode() {
    model(|| {
        let breaker = build(brittle().failure_threshold(9));
        admitted(&breaker).failure();
        let permit = admitted(&breaker);
        let thread = spawn(move || permit.success());
        breaker.set_mode(Mode::ForcedOpen, "");
        assert!(breaker.try_acquire().is_err());
        join(thread);
        assert!(breaker.try_acquire().is_err());
        assert_eq!(settled(&breaker, 2).state, State::Open);
    });
}

#[test]
fn what_began_before_a_reset_does_not_count_after_it() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let rate = brittle().window(Window::Calls(3)).failure_rate(1.0);
        let breaker = build(rate.failure_threshold(2));
        admitted(&breaker).failure();
        let (failing, succeeding) = (admitted(&breaker), admitted(&breaker));
        let thread = spawn(move || {
            failing.failure();
            succeeding.success();
        });
        breaker.reset();
        join(thread);
        let snapshot = settled(&breaker, 3);
        assert_eq!(snapshot.state, State::Closed);
        assert_eq!(snapshot.consecutive_failures, 0);
        assert_eq!(snapshot.window.unwrap().calls, 0);
        SEEN.add(snapshot.totals.stale as u32);
    });
    // If it was the failure that opened, the success was late already.
    SEEN.assert_all(1..3);
}

/// The quick way back of a success, which knows of the reset by the generation alone.
#[test]
fn a_success_beside_a_reset_is_counted_once() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        let permit = admitted(&breaker);
        let thread = spawn(move || permit.success());
        breaker.reset();
        join(thread);
        let totals = settled(&breaker, 1).totals;
        assert_eq!(totals.success, 1);
        SEEN.add(totals.stale as u32);
    });
    SEEN.assert_all(0..2);
}

#[test]
fn a_call_beside_disabling_counts_at_both_ends_or_at_none() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle().failure_threshold(9));
        let disabling = breaker.clone();
        let thread = spawn(move || disabling.set_mode(Mode::Disabled, ""));
        admitted(&breaker).failure();
        join(thread);
        let calls = breaker.shared().counters.admitted();
        let snapshot = settled(&breaker, calls);
        assert_eq!(snapshot.state, State::Closed);
        SEEN.add(calls as u32);
    });
    SEEN.assert_all(0..2);
}

#[test]
fn once_a_rate_is_set_every_result_is_in_the_window() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        let mut config = breaker.config();
        config.failure_rate = Some(1.0);
        let (permit, set) = (admitted(&breaker), Mark::new());
        let thread = spawn({
            let (breaker, set) = (breaker.clone(), Arc::clone(&set));
            move || {
                breaker.reconfigure(config).unwrap();
                set.set();
            }
        });
        let knew = set.is_set();
        permit.success();
        join(thread);
        let window = settled(&breaker, 1).window.unwrap();
        assert!(window.calls >= u64::from(knew), "passed the window by");
        SEEN.add(u32::from(knew) * 2 + window.calls as u32);
    });
    SEEN.assert_all(0..2);
    SEEN.assert_all(3..4);
}

/// Whoever asks first ends it and becomes the probe.
#[test]
fn a_mode_ends_once() {
    model(|| {
        let breaker = build(brittle());
        breaker.set_mode_for(Mode::ForcedOpen, "", OPEN_FOR);
        pass(OPEN_FOR);
        let asking = breaker.clone();
        let thread = spawn(move || asking.try_acquire());
        let answers = [breaker.try_acquire(), join(thread)];
        assert_eq!(answers.iter().flatten().count(), 1);
        let snapshot = breaker.snapshot();
        assert_eq!((snapshot.state, snapshot.generation), (State::HalfOpen, 2));
        assert_eq!(snapshot.mode, Mode::Automatic);
    });
}

#[derive(Default)]
struct Heard(AtomicU32);

impl Observer for Heard {
    fn rejected(&self, _: &Rejected) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn an_observer_hears_of_every_rejection_after_it_was_added() {
    static SEEN: Sightings = Sightings::none();
    model(|| {
        let breaker = build(brittle());
        admitted(&breaker).failure();
        let (heard, added) = (Arc::new(Heard::default()), Mark::new());
        let thread = spawn({
            let (breaker, heard) = (breaker.clone(), Arc::clone(&heard));
            let added = Arc::clone(&added);
            move || {
                breaker.add_observer(heard);
                added.set();
            }
        });
        let knew = u32::from(added.is_set());
        assert!(breaker.try_acquire().is_err());
        let heard = heard.0.load(Ordering::Relaxed);
        assert!(heard >= knew, "rejected unheard");
        SEEN.add(knew * 2 + heard);
        join(thread);
        assert_eq!(breaker.snapshot().totals.rejected, 1);
    });
    SEEN.assert_all(0..2);
    SEEN.assert_all(3..4);
}
