//! The model checker finds each thing that it is there to find, and nothing where there is nothing.

use std::time::Duration;

use steadfast_benches::footprint::{Footprint, slope};
use steadfast_benches::model::{Model, Queue, Told};

const OPEN: u8 = 0;
const FULL: u8 = 1;

fn model() -> Model {
    Model::new(&[Queue::open("open"), Queue::rejecting("full")], 10)
}

/// A message to a queue, what the client said of it, and each time that it was found: redelivered or not.
fn message(model: &Model, queue: u8, told: Told, found: &[bool]) -> usize {
    let number = model.begin(queue).expect("a place in the book");
    model.told(number, told, Duration::ZERO);
    for redelivered in found {
        model.found(queue, Some(number), *redelivered);
    }
    number
}

fn violations(queue: u8, told: Told, found: &[bool]) -> Vec<String> {
    let model = model();
    message(&model, queue, told, found);
    model.report().violations()
}

#[test]
fn what_is_allowed_is_no_violation() {
    let allowed: [(u8, Told, &[bool]); 14] = [
        (OPEN, Told::Confirmed, &[false]),
        (OPEN, Told::Confirmed, &[true]),
        (OPEN, Told::Confirmed, &[false, true]),
        (OPEN, Told::ConfirmedPerhapsTwice, &[false]),
        (OPEN, Told::ConfirmedPerhapsTwice, &[false, false]),
        (OPEN, Told::Returned, &[]),
        (FULL, Told::Nacked, &[]),
        (OPEN, Told::Nacked, &[]),
        (OPEN, Told::Nacked, &[false]),
        (OPEN, Told::Blocked, &[]),
        (OPEN, Told::NotSent, &[]),
        (OPEN, Told::Ambiguous, &[]),
        (OPEN, Told::Ambiguous, &[false]),
        (OPEN, Told::Ambiguous, &[false, false]),
    ];
    for (queue, told, found) in allowed {
        let seen = violations(queue, told, found);
        assert!(seen.is_empty(), "{told:?} {found:?}: {seen:?}");
    }
}

#[test]
fn each_broken_rule_is_seen_and_no_other() {
    let broken: [(u8, Told, &[bool], &str); 11] = [
        (OPEN, Told::Confirmed, &[], "confirmed, and in no queue"),
        (FULL, Told::Confirmed, &[], "confirmed, and in no queue"),
        (
            OPEN,
            Told::ConfirmedPerhapsTwice,
            &[],
            "confirmed, and in no queue",
        ),
        (OPEN, Told::Returned, &[false], "returned, and in a queue"),
        (
            OPEN,
            Told::ReturnedAnother,
            &[],
            "returned with another's body",
        ),
        (
            FULL,
            Told::Nacked,
            &[false],
            "rejected by a full queue, and in it",
        ),
        (OPEN, Told::Blocked, &[false], "blocked, and in a queue"),
        (OPEN, Told::Blocked, &[true], "blocked, and in a queue"),
        (OPEN, Told::NotSent, &[false], "not sent, and in a queue"),
        (
            OPEN,
            Told::Confirmed,
            &[false, false],
            "in a queue twice, and not marked",
        ),
        (OPEN, Told::Hung, &[], "no answer by the deadline"),
    ];
    for (queue, told, found, rule) in broken {
        let seen = violations(queue, told, found);
        assert_eq!(seen, [format!("1 {rule}")], "{told:?} {found:?}");
    }
}

#[test]
fn a_message_without_an_answer_is_seen() {
    let model = model();
    assert_eq!(model.begin(OPEN), Some(0));
    assert_eq!(model.report().violations(), ["1 no answer at the end"]);
}

#[test]
fn a_message_of_nobody_or_of_another_queue_is_seen() {
    let model = model();
    let number = message(&model, OPEN, Told::Confirmed, &[false]);
    model.found(FULL, Some(number), false);
    model.found(OPEN, Some(number + 1), false);
    model.found(OPEN, Some(usize::MAX), false);
    model.found(OPEN, None, false);
    let rule = "4 in a queue they were not sent to";
    assert_eq!(model.report().violations(), [rule]);
}

#[test]
fn counts_what_it_was_told() {
    let model = model();
    message(&model, OPEN, Told::Confirmed, &[false]);
    message(&model, OPEN, Told::ConfirmedPerhapsTwice, &[false, false]);
    message(&model, OPEN, Told::Hung, &[false]);
    message(&model, FULL, Told::Nacked, &[]);
    message(&model, OPEN, Told::Ambiguous, &[false]);
    let last = model.begin(OPEN).expect("a place in the book");
    model.told(last, Told::Blocked, Duration::from_millis(7));
    assert_eq!((model.ended(), model.confirmed()), (6, 2));
    assert_eq!(
        (
            model.count(FULL, Told::Nacked),
            model.count(OPEN, Told::Nacked)
        ),
        (1, 0)
    );
    let report = model.report();
    assert_eq!((report.published, report.confirmed), (6, 2));
    assert_eq!((report.found_twice, report.hung_found), (1, 1));
    assert_eq!((report.ambiguous, report.ambiguous_found), (1, 1));
    assert_eq!((report.blocked, report.nacked), (1, 1));
    assert_eq!(report.longest_overrun, Duration::from_millis(7));
}

#[test]
fn ends_with_its_last_place() {
    let model = Model::new(&[Queue::open("q")], 1);
    assert_eq!(model.begin(0), Some(0));
    assert_eq!(model.begin(0), None);
}

#[test]
#[should_panic(expected = "two answers to message 0")]
fn a_second_answer_is_a_mistake_of_the_driver() {
    let model = model();
    let number = message(&model, OPEN, Told::Confirmed, &[]);
    model.told(number, Told::Confirmed, Duration::ZERO);
}

#[cfg(target_os = "linux")]
#[test]
fn a_footprint_sees_threads_and_memory_come() {
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let before = Footprint::now();
    let thread = std::thread::spawn(move || stopped.recv());
    let block = std::hint::black_box(vec![1_u8; 64 << 20]);
    let after = Footprint::now();
    // Other tests of this binary begin and end threads meanwhile, but take little memory.
    assert!(after.threads >= 2, "{after:?}");
    assert!(after.mib_since(&before) > 48.0, "{before:?} {after:?}");
    drop((block, stop));
    let _ = thread.join();
}

#[test]
fn growth_is_the_difference_and_threads_never_shrink_below_none() {
    let (before, after) = (Footprint::of(5, 2_048), Footprint::of(7, 4_096));
    assert_eq!(after.threads_since(&before), 2);
    assert_eq!(before.threads_since(&after), 0);
    assert!((after.mib_since(&before) - 2.0).abs() < 1e-9);
    assert!((before.mib_since(&after) + 2.0).abs() < 1e-9);
}

#[test]
fn the_slope_is_that_of_the_points_and_one_step_does_not_move_it() {
    let rising = |x: i32| (f64::from(x), 3.0 * f64::from(x) + 1.0);
    let mut points: Vec<_> = (0..10).map(rising).collect();
    assert!((slope(&points) - 3.0).abs() < 1e-9);
    points[7].1 += 100.0;
    assert!((slope(&points) - 3.0).abs() < 1e-9);
    let falling = [(0.0, 2.0), (1.0, 1.0), (2.0, 0.0)];
    assert!((slope(&falling) + 1.0).abs() < 1e-9);
    let noisy = [(0.0, 1.0), (1.0, -1.0), (2.0, -1.0), (3.0, 1.0)];
    assert!(slope(&noisy).abs() < 1e-9);
    assert!(slope(&[]).abs() < 1e-9 && slope(&[(1.0, 5.0)]).abs() < 1e-9);
}
