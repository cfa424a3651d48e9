//! How long a line, and how long a timeout.

use std::time::Duration;

use steadfast_bulkhead::Bulkhead;
use tokio::time::sleep;

use super::{
    assert_page_says, lost, table,
    traffic::{Crowd, Ending, assert_about, percent, send, within},
};

const HOLD: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(1);

fn ten_places(max_waiting: usize, checkout_timeout: Duration) -> Bulkhead {
    Bulkhead::builder("lines")
        .max_concurrent(10)
        .max_waiting(max_waiting)
        .checkout_timeout(checkout_timeout)
        .build()
        .unwrap()
}

fn overload() -> Crowd {
    Crowd::new(150.0, HOLD)
}

#[tokio::test(start_paused = true)]
async fn a_long_line_serves_callers_who_are_gone() {
    let rows = table("| `max_waiting` |");
    assert_eq!(rows.len(), 5);
    for row in rows {
        let timeout = match row[1].split_once(' ').unwrap() {
            (secs, "s") => Duration::from_secs(secs.parse().unwrap()),
            (millis, _) => Duration::from_millis(millis.parse().unwrap()),
        };
        let bulkhead = ten_places(row[0].parse().unwrap(), timeout);
        let [calls] = send(&bulkhead, [overload()], 60).await;
        let in_time = percent(&calls, within(PATIENCE));
        let answered = percent(&calls, |call| matches!(call, Ending::Answered(..)));
        let at_once = percent(&calls, |call| call == Ending::Refused(Duration::ZERO));
        let refused = percent(&calls, |call| matches!(call, Ending::Refused(_)));
        let measured = [in_time, answered - in_time, at_once, refused - at_once];
        for (cell, measured) in row[2..].iter().zip(measured) {
            assert_about(cell, measured);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_line_does_less_harm_if_who_leaves_drops_his_call() {
    let bulkhead = ten_places(1000, Duration::from_secs(30));
    let impatient = Crowd {
        leaves_after: Some(PATIENCE),
        ..overload()
    };
    let [calls] = send(&bulkhead, [impatient], 60).await;
    assert!(percent(&calls, within(PATIENCE)) > 60.0);
    assert!(percent(&calls, |call| call == Ending::Left) > 25.0);
    assert_eq!(bulkhead.snapshot().totals.rejected_full, 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_line_as_many_are_refused_as_erlang_computed() {
    let bulkhead = Bulkhead::builder("lines")
        .max_concurrent(14)
        .max_waiting(0)
        .build()
        .unwrap();
    let [calls] = send(&bulkhead, [Crowd::new(100.0, HOLD)], 200).await;
    let refused = percent(&calls, |call| matches!(call, Ending::Refused(_)));
    let ratio = refused / 100.0 / lost(14, 10.0);
    assert!((0.9..1.1).contains(&ratio), "{ratio}");
}

/// A call that holds its place for exactly 100 ms.
fn call(bulkhead: &Bulkhead) {
    let bulkhead = bulkhead.clone();
    tokio::spawn(async move {
        if let Ok(_permit) = bulkhead.acquire().await {
            sleep(HOLD).await;
        }
    });
}

/// Fills all places, a tenth of a hold apart, and then the line.
async fn fill(bulkhead: &Bulkhead, line: usize) {
    for _ in 0..9 {
        call(bulkhead);
        sleep(HOLD / 10).await;
    }
    (0..=line).for_each(|_| call(bulkhead));
    tokio::task::yield_now().await;
}

#[tokio::test(start_paused = true)]
async fn the_last_of_a_full_line_waits_for_the_line_divided_by_the_places_times_the_hold() {
    assert_page_says("holds of 100 ms, the last of 50 waits 0.5 s");
    let bulkhead = ten_places(50, Duration::from_secs(5));
    fill(&bulkhead, 50).await;
    assert_eq!(bulkhead.snapshot().waiting, 50);
    sleep(Duration::from_secs(10)).await;
    let waits = bulkhead.snapshot().waits;
    assert_eq!(waits.count, 50);
    let expected = Duration::from_millis(500);
    assert!(waits.max == expected, "{:?}", waits.max);
}

#[tokio::test(start_paused = true)]
async fn the_last_in_line_times_out_when_holds_exceed_the_timeout_times_places_by_line() {
    // 100 ms is what 10 places and a line of 50 stand for 500 ms.
    for (timeout, timed_out) in [(520, 0), (485, 2)] {
        let bulkhead = ten_places(50, Duration::from_millis(timeout));
        fill(&bulkhead, 50).await;
        sleep(Duration::from_secs(10)).await;
        let totals = bulkhead.snapshot().totals;
        assert_eq!(totals.rejected_timeout, timed_out, "{timeout} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_line_takes_long_to_get_shorter() {
    assert_page_says("At 80 calls a second, the line of 1000 takes 50 s");
    assert_page_says("The line of 50 takes 2.5 s");
    for (line, expected) in [(1000, 50.0), (50, 2.5)] {
        let bulkhead = ten_places(line, Duration::from_secs(600));
        fill(&bulkhead, line).await;
        let mut took = 0.0_f64;
        while bulkhead.snapshot().waiting > 0 {
            for gap in [12, 13] {
                call(&bulkhead);
                sleep(Duration::from_millis(gap)).await;
            }
            took += 0.025;
        }
        assert!((took / expected - 1.0).abs() < 0.1, "{line}: {took}");
    }
}
