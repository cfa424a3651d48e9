//! Whom the places go to, and whose the line is.

use std::time::Duration;

use steadfast_bulkhead::{Bulkhead, Priority};

use super::{
    table,
    traffic::{Crowd, Ending, assert_about, percent, send, within},
};

const HOLD: Duration = Duration::from_millis(100);
const ALL: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];

fn ten_places(max_waiting: usize) -> Bulkhead {
    Bulkhead::builder("priorities")
        .max_concurrent(10)
        .max_waiting(max_waiting)
        .build()
        .unwrap()
}

fn served(call: Ending) -> bool {
    matches!(call, Ending::Answered(..))
}

#[tokio::test(start_paused = true)]
async fn the_places_of_an_overload_are_divided_by_the_shares() {
    let bulkhead = ten_places(100);
    // Each alone is more than can be served.
    let crowds = ALL.map(|priority| Crowd::new(150.0, HOLD).of(priority));
    let calls = send(&bulkhead, crowds, 60).await;
    let each = calls.map(|calls| calls.into_iter().filter(|call| served(*call)).count());
    let sum: usize = each.iter().sum();
    for (count, share) in each.into_iter().zip([16.0, 4.0, 1.0]) {
        let part = count as f64 / sum as f64;
        assert!((part - share / 21.0).abs() < 0.01, "{part} for {share}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_low_priority_is_hardly_felt_by_high() {
    let rows = table("| | high: in time |");
    let priorities = [[Priority::Normal; 2], [Priority::High, Priority::Low]];
    assert_eq!(rows.len(), priorities.len());
    for (row, [high, low]) in rows.into_iter().zip(priorities) {
        let bulkhead = ten_places(50);
        let crowds = [
            Crowd::new(40.0, HOLD).of(high),
            Crowd::new(300.0, HOLD).of(low),
        ];
        let [high, low] = send(&bulkhead, crowds, 60).await;
        assert_about(row[1], percent(&high, within(Duration::from_secs(1))));
        let waits: Vec<_> = high
            .iter()
            .filter_map(|call| match call {
                Ending::Answered(waited, _) => Some(*waited),
                _ => None,
            })
            .collect();
        let mean = waits.iter().sum::<Duration>() / waits.len() as u32;
        assert_about(row[2], mean.as_secs_f64() * 1e3);
        assert_about(row[3], percent(&low, served));
    }
}

#[tokio::test(start_paused = true)]
async fn each_priority_owns_its_part_of_the_line() {
    let bulkhead = ten_places(100);
    let _held = bulkhead.try_acquire_many(10).unwrap();
    let join = |priority: Priority| {
        let bulkhead = bulkhead.with_priority(priority);
        tokio::spawn(async move { bulkhead.acquire().await.map(drop) })
    };
    for _ in 0..200 {
        join(Priority::Low);
        tokio::task::yield_now().await;
    }
    let waiting = |priority| bulkhead.snapshot().waiting_at(priority);
    assert_eq!(waiting(Priority::Low), 100, "nobody else needs it");
    for priority in [Priority::High, Priority::Normal] {
        for _ in 0..200 {
            join(priority);
            tokio::task::yield_now().await;
        }
    }
    // 99 belong to somebody; the last stays with who has it.
    assert_eq!(ALL.map(waiting), [76, 19, 5]);
    assert_eq!(bulkhead.snapshot().totals.displaced, 95);
}
