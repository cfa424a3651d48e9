//! Damping: examples, and a naive model that reads the whole history again for every answer.

use std::time::Duration;

use proptest::prelude::*;
use steadfast_health::Status::{self, Degraded, Healthy, Unhealthy, Unknown};

use crate::support::{Probe, SECOND, steady};

async fn statuses(unhealthy_after: u32, healthy_after: u32, results: &[Status]) -> Vec<Status> {
    let monitor = steady();
    let probe = Probe::new();
    let check = probe
        .check("db")
        .unhealthy_after(unhealthy_after)
        .healthy_after(healthy_after);
    monitor.register(check).unwrap();
    let mut seen = Vec::new();
    for result in results {
        probe.answer(*result);
        seen.push(monitor.check_now().await.components[0].status);
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn every_result_shows_at_once_by_default() {
    let results = [Healthy, Unhealthy, Degraded, Unknown, Healthy];
    assert_eq!(statuses(1, 1, &results).await, results);
}

#[tokio::test(start_paused = true)]
async fn three_bad_results_in_a_row_make_it_unhealthy_and_two_good_ones_healthy() {
    let results = [
        Healthy, Unhealthy, Unhealthy, Healthy, Unhealthy, Unhealthy, Unhealthy, Healthy,
        Unhealthy, Healthy, Healthy,
    ];
    let expected = [
        Healthy, Healthy, Healthy, Healthy, Healthy, Healthy, Unhealthy, Unhealthy, Unhealthy,
        Unhealthy, Healthy,
    ];
    assert_eq!(statuses(3, 2, &results).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_row_of_mixed_bad_results_is_as_bad_as_the_mildest_of_them() {
    let results = [Healthy, Degraded, Unhealthy, Unhealthy, Unhealthy];
    let expected = [Healthy, Healthy, Healthy, Degraded, Unhealthy];
    assert_eq!(statuses(3, 1, &results).await, expected);
}

#[tokio::test(start_paused = true)]
async fn it_recovers_by_way_of_degraded() {
    let results = [Unhealthy, Degraded, Healthy, Healthy];
    let expected = [Unhealthy, Unhealthy, Degraded, Healthy];
    assert_eq!(statuses(1, 2, &results).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_first_result_counts_at_once_and_so_does_the_first_after_an_unknown_one() {
    let results = [Unhealthy, Unknown, Healthy, Unhealthy, Unknown, Unhealthy];
    let expected = [Unhealthy, Unknown, Healthy, Healthy, Unknown, Unhealthy];
    assert_eq!(statuses(3, 3, &results).await, expected);
}

#[tokio::test(start_paused = true)]
async fn the_message_shows_what_damping_holds_back() {
    let monitor = steady();
    let probe = Probe::new();
    monitor
        .register(probe.check("db").unhealthy_after(3))
        .unwrap();
    monitor.check_now().await;
    probe.answer(Unhealthy);
    let report = monitor.check_now().await;
    let db = &report.components[0];
    assert_eq!((db.status, db.consecutive_bad), (Healthy, 1));
    assert_eq!(db.message.as_deref(), Some("broken"));
}

/// The staleness bound of the model's check, and the longest pause between two of its results.
const STALE: Duration = Duration::from_secs(40);

#[derive(Debug, Clone)]
struct Seen {
    /// Time since the result before.
    pause: Duration,
    result: Status,
}

fn seen() -> impl Strategy<Value = Seen> {
    let result = prop_oneof![
        4 => Just(Healthy),
        3 => Just(Degraded),
        4 => Just(Unhealthy),
        1 => Just(Unknown),
    ];
    let pause = prop_oneof![6 => 0_u64..39, 1 => 39_u64..60];
    (pause, result).prop_map(|(pause, result)| Seen {
        pause: Duration::from_secs(pause),
        result,
    })
}

/// What the status must be after these results: only those since the last break count, and for
/// each threshold the latest row that was long enough decides; without one, the first result does.
fn model(history: &[Seen], unhealthy_after: usize, healthy_after: usize) -> Status {
    let break_at = (0..history.len()).rev().find_map(|i| {
        if history[i].result == Unknown {
            Some(i + 1)
        } else {
            (history[i].pause >= STALE).then_some(i)
        }
    });
    let rows: Vec<u8> = history[break_at.unwrap_or(0)..]
        .iter()
        .map(|seen| match seen.result {
            Healthy => 0,
            Degraded => 1,
            Unhealthy | Unknown => 2,
        })
        .collect();
    if rows.is_empty() {
        return Unknown;
    }
    let at_least = |level: u8| {
        for end in (1..=rows.len()).rev() {
            let passes = rows[end - 1] >= level;
            let needed = if passes {
                unhealthy_after
            } else {
                healthy_after
            };
            let row = end
                .checked_sub(needed)
                .map(|start| &rows[start..end])
                .filter(|row| row.iter().all(|badness| (*badness >= level) == passes));
            if row.is_some() {
                return passes;
            }
        }
        rows[0] >= level
    };
    match (at_least(1), at_least(2)) {
        (_, true) => Unhealthy,
        (true, false) => Degraded,
        (false, false) => Healthy,
    }
}

proptest! {
    #[test]
    fn agrees_with_the_model(
        history in prop::collection::vec(seen(), 1..40),
        unhealthy_after in 1_u32..5,
        healthy_after in 1_u32..5,
        afterwards in 0_u64..60,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let monitor = steady();
            let probe = Probe::new();
            let check = probe
                .check("db")
                .staleness(STALE)
                .unhealthy_after(unhealthy_after)
                .healthy_after(healthy_after);
            monitor.register(check).unwrap();
            for now in 0..history.len() {
                tokio::time::advance(history[now].pause).await;
                probe.answer(history[now].result);
                let report = monitor.check_now().await;
                let expected = model(
                    &history[..=now],
                    unhealthy_after as usize,
                    healthy_after as usize,
                );
                assert_eq!(report.components[0].status, expected, "after {now}");
            }
            let fresh = monitor.get_health().readiness;
            tokio::time::advance(Duration::from_secs(afterwards)).await;
            let expected = if afterwards < STALE.as_secs() { fresh } else { Unknown };
            assert_eq!(monitor.get_health().readiness, expected);
        });
    }
}

#[test]
fn the_model_can_tell_right_from_wrong() {
    let after = |results: &[Status]| {
        let history: Vec<_> = results
            .iter()
            .map(|result| Seen {
                pause: SECOND,
                result: *result,
            })
            .collect();
        model(&history, 2, 3)
    };
    assert_eq!(after(&[Healthy, Unhealthy]), Healthy);
    assert_eq!(after(&[Healthy, Unhealthy, Degraded]), Degraded);
    assert_eq!(after(&[Healthy, Unhealthy, Unhealthy]), Unhealthy);
    assert_eq!(after(&[Unhealthy, Healthy, Healthy]), Unhealthy);
    assert_eq!(after(&[Unhealthy, Healthy, Healthy, Healthy]), Healthy);
    assert_eq!(after(&[Unhealthy, Unknown]), Unknown);
}
