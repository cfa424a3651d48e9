//! How contenders take turns, and what becomes of their times.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use steadfast_benches::{Case, Effort, median, take_turns};

const NANOSECOND: Duration = Duration::from_nanos(1);

/// A run that claims to take so long for one operation, and notes in `log` that it ran.
fn claims(
    name: &'static str,
    one: Duration,
    log: &Rc<RefCell<Vec<&'static str>>>,
) -> impl FnMut(u64) -> Duration + use<> {
    let log = Rc::clone(log);
    move |times| {
        log.borrow_mut().push(name);
        one.mul_f64(times as f64)
    }
}

#[test]
fn a_ratio_is_the_peers_time_over_ours() {
    let log = Rc::default();
    let mut cases = [Case::new("call", claims("ours", NANOSECOND * 20, &log))
        .beside("slow", claims("slow", NANOSECOND * 30, &log))
        .beside("fast", claims("fast", NANOSECOND * 5, &log))];
    let mut effort = Effort::ONCE;
    effort.turn = Duration::from_micros(10);
    let lines: Vec<String> = take_turns(&mut cases, effort)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lines,
        [
            "RATIO call ours=20.0 slow=30.0 ratio=1.50",
            "RATIO call ours=20.0 fast=5.0 ratio=0.25",
        ]
    );
}

#[test]
fn contenders_alternate_and_another_one_begins_each_round() {
    let log = Rc::default();
    let mut cases = [Case::new("call", claims("a", NANOSECOND, &log))
        .beside("b", claims("b", NANOSECOND, &log))
        .beside("c", claims("c", NANOSECOND, &log))];
    let mut effort = Effort::ONCE;
    effort.rounds = 3;
    take_turns(&mut cases, effort);
    assert_eq!(*log.borrow(), ["a", "b", "c", "b", "c", "a", "c", "a", "b"]);
}

#[test]
fn all_cases_are_in_every_round() {
    let log = Rc::default();
    let mut cases = [
        Case::new("one", claims("one", NANOSECOND, &log)),
        Case::new("two", claims("two", NANOSECOND, &log)),
    ];
    let mut effort = Effort::ONCE;
    effort.rounds = 2;
    take_turns(&mut cases, effort);
    assert_eq!(*log.borrow(), ["one", "two", "one", "two"]);
}

#[test]
fn a_turn_that_is_held_up_now_and_then_is_as_long_as_any() {
    let sizes = Rc::new(RefCell::new(Vec::new()));
    let run = {
        let sizes = Rc::clone(&sizes);
        move |times| {
            sizes.borrow_mut().push(times);
            let held_up = Duration::from_secs(u64::from(sizes.borrow().len() % 3 == 0));
            NANOSECOND.mul_f64(times as f64) + held_up
        }
    };
    let mut effort = Effort::ONCE;
    effort.turn = Duration::from_micros(1);
    take_turns(&mut [Case::new("call", run)], effort);
    assert_eq!(sizes.borrow().last(), Some(&1_000));
}

#[test]
fn a_contender_held_up_for_long_while_its_turns_are_measured_out_gets_whole_ones() {
    let runs = Rc::new(RefCell::new(Vec::new()));
    let run = {
        let runs = Rc::clone(&runs);
        move |times| {
            runs.borrow_mut().push(times);
            let held_up = Duration::from_millis(u64::from(runs.borrow().len() <= 3));
            NANOSECOND.mul_f64(times as f64) + held_up
        }
    };
    let mut effort = Effort::ONCE;
    effort.turn = Duration::from_micros(1);
    take_turns(&mut [Case::new("call", run)], effort);
    assert_eq!(runs.borrow().last(), Some(&1_000));
}

#[test]
fn a_case_may_want_longer_turns() {
    let sizes = Rc::new(RefCell::new(Vec::new()));
    let run = {
        let sizes = Rc::clone(&sizes);
        move |times| {
            sizes.borrow_mut().push(times);
            NANOSECOND.mul_f64(times as f64)
        }
    };
    let mut effort = Effort::ONCE;
    effort.turn = Duration::from_micros(1);
    take_turns(&mut [Case::new("call", run).with_turns_longer(7)], effort);
    assert_eq!(sizes.borrow().last(), Some(&7_000));
}

#[test]
fn one_slow_turn_does_not_move_the_median() {
    assert_eq!(median(&mut [3.0, 1.0, 900.0]), 3.0);
    assert_eq!(median(&mut [4.0, 1.0, 900.0, 2.0]), 3.0);
}
