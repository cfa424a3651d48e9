//! Numbers, gaps and noise.

use super::*;

fn told(name: &str, noisy: bool) -> Told {
    Told {
        kind: "test",
        severity: Severity::Notice,
        component: None,
        name: name.to_owned(),
        text: "it happened".to_owned(),
        noisy,
    }
}

fn numbers(entries: &[Arc<Entry>]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq).collect()
}

fn ring_of(events: u64, room: usize) -> Ring {
    let mut ring = Ring::new(room, 100);
    for at in 0..events {
        ring.tell(told("a", false), at, None);
    }
    ring
}

#[test]
fn the_latest_are_kept_and_numbered_without_gaps() {
    let ring = ring_of(5, 3);
    assert_eq!(numbers(&ring.latest(10)), [103, 104, 105]);
    assert_eq!(numbers(&ring.latest(2)), [104, 105]);
    assert_eq!(ring.last(), 105);
}

#[test]
fn after_a_number_come_the_later_ones_and_a_count_of_those_forgotten() {
    let ring = ring_of(5, 3);
    for (seq, entries, missed) in [
        (105, &[][..], 0),
        (104, &[105][..], 0),
        (102, &[103, 104, 105][..], 0),
        (101, &[103, 104, 105][..], 1),
        (100, &[103, 104, 105][..], 2),
    ] {
        let since = ring.since(seq);
        assert_eq!(
            (numbers(&since.entries).as_slice(), since.missed),
            (entries, missed),
            "{seq}"
        );
    }
}

#[test]
fn a_number_of_another_process_gets_everything_and_missed_nothing_here() {
    let ring = ring_of(5, 3);
    for seq in [0, 99, 106, u64::MAX] {
        let since = ring.since(seq);
        assert_eq!(
            (numbers(&since.entries), since.missed),
            (vec![103, 104, 105], 0),
            "{seq}"
        );
    }
}

#[test]
fn of_many_noisy_events_one_is_told_and_the_rest_counted() {
    let mut ring = Ring::new(10, 0);
    let heard = |ring: &mut Ring, name, at| {
        let entry = ring.tell(told(name, true), at, None);
        entry.map(|entry| entry.text.clone())
    };
    assert_eq!(heard(&mut ring, "a", 0).as_deref(), Some("it happened"));
    assert_eq!(heard(&mut ring, "a", 1), None);
    assert_eq!(heard(&mut ring, "a", 9_999), None);
    assert_eq!(heard(&mut ring, "b", 2).as_deref(), Some("it happened"));
    assert_eq!(
        heard(&mut ring, "a", 10_000).as_deref(),
        Some("it happened (and 2 more since the last one told)")
    );
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_back() {
    let mut ring = Ring::new(10, 0);
    assert!(ring.tell(told("a", true), 3_600_000, None).is_some());
    assert!(ring.tell(told("a", true), 3_599_000, None).is_none());
    assert!(ring.tell(told("a", true), 1_000, None).is_some());
}

#[test]
fn the_names_of_noise_are_bounded() {
    let mut ring = Ring::new(10, 0);
    for name in 0..3 * NOISY_NAMES {
        ring.tell(told(&name.to_string(), true), 5, None);
    }
    assert_eq!(ring.noise.len(), NOISY_NAMES);
    assert!(ring.tell(told("later", true), 20_000, None).is_some());
    assert_eq!(ring.noise.len(), 1);
}
