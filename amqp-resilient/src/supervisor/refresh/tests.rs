//! When secrets are refreshed, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_retry::Backoff;
use tokio::time::{Instant, timeout};

use super::follow;
use crate::clock;
use crate::credentials::{Credentials, Lease};
use crate::error::AmqpError;

const MINUTE: Duration = Duration::from_secs(60);

/// What was done, and how many milliseconds after the start.
#[derive(Clone)]
struct Diary {
    start: Instant,
    entries: Arc<Mutex<Vec<(u128, &'static str)>>>,
}

impl Diary {
    fn new() -> Self {
        Self {
            start: clock::now(),
            entries: Arc::default(),
        }
    }

    fn note(&self, what: &'static str) {
        let at = self.start.elapsed().as_millis();
        self.entries.lock().push((at, what));
    }
}

fn lease(life: Duration) -> Option<Lease> {
    let credentials = Credentials::token("token").valid_for(life);
    credentials.lease(clock::now())
}

/// Follows the first lease for as long as it is told, with refreshes that take a second and end as they are
/// told, given how many there were before.
async fn followed(
    first: Option<Lease>,
    time: Duration,
    refresh: impl Fn(usize) -> Result<Option<Duration>, AmqpError>,
) -> Vec<(u128, &'static str)> {
    let diary = Diary::new();
    let (asking, telling) = (diary.clone(), diary.clone());
    let asked = Mutex::new(0);
    let backoff = Backoff::exponential(Duration::from_millis(100)).max(MINUTE);
    let following = follow(
        first,
        backoff,
        async || {
            asking.note("asked");
            let before = *asked.lock();
            *asked.lock() += 1;
            let began = clock::now();
            tokio::time::sleep(Duration::from_secs(1)).await;
            let life = refresh(before)?;
            Ok(life.and_then(|life| Credentials::token("next").valid_for(life).lease(began)))
        },
        move |outcome, lease| {
            telling.note(match (outcome, lease) {
                (Ok(()), Some(_)) => "refreshed",
                (Ok(()), None) => "refreshed for ever",
                (Err(_), _) => "failed",
            });
        },
    );
    timeout(time, following).await.unwrap_err();
    let entries = diary.entries.lock();
    entries.clone()
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_refreshed_when_four_fifths_of_its_life_are_over() {
    let entries = followed(lease(MINUTE), 3 * MINUTE, |_| Ok(Some(2 * MINUTE))).await;
    // The second one lives from the moment at which it was asked for.
    let expected = [
        (48_000, "asked"),
        (49_000, "refreshed"),
        (48_000 + 96_000, "asked"),
        (48_000 + 97_000, "refreshed"),
    ];
    assert_eq!(entries, expected);
}

#[tokio::test(start_paused = true)]
async fn a_secret_without_an_end_is_left_alone() {
    assert_eq!(followed(None, 1_000 * MINUTE, |_| Ok(None)).await, []);
    let entries = followed(lease(MINUTE), 1_000 * MINUTE, |_| Ok(None)).await;
    assert_eq!(entries, [(48_000, "asked"), (49_000, "refreshed for ever")]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_repeated_with_growing_waits_and_several_times_before_the_end() {
    let refresh = |before| match before {
        6 => Ok(None),
        _ => Err(AmqpError::ChannelLimit),
    };
    let entries = followed(lease(10 * MINUTE), 20 * MINUTE, refresh).await;
    let asked: Vec<u128> = entries
        .iter()
        .filter(|it| it.1 == "asked")
        .map(|it| it.0)
        .collect();
    assert_eq!(asked.len(), 7);
    assert_eq!(asked[0], 480_000);
    for (retry, pair) in asked.windows(2).enumerate() {
        // Beside the second that each of them takes.
        let wait = pair[1] - pair[0] - 1_000;
        let longest = 100 << retry;
        assert!(wait >= longest / 2 && wait <= longest, "{retry}: {wait}");
    }
    assert_eq!(entries.last().unwrap().1, "refreshed for ever");

    let entries = followed(lease(MINUTE), MINUTE, |_| Err(AmqpError::ChannelLimit)).await;
    let failed = entries.iter().filter(|it| it.1 == "failed").count();
    assert!(failed >= 3, "{entries:?}");
}

#[tokio::test(start_paused = true)]
async fn failures_are_repeated_after_the_end_too() {
    let entries = followed(lease(MINUTE), 10 * MINUTE, |_| Err(AmqpError::ChannelLimit)).await;
    assert!(entries.last().unwrap().0 > 9 * 60_000);
}

#[tokio::test(start_paused = true)]
async fn secrets_that_have_run_out_when_they_come_are_no_storm() {
    let entries = followed(lease(Duration::ZERO), MINUTE, |_| Ok(Some(Duration::ZERO))).await;
    let asked = entries.iter().filter(|it| it.1 == "asked").count();
    assert!(asked <= 30, "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_life_beyond_all_clocks_is_taken_as_it_is() {
    let entries = followed(lease(Duration::MAX), 1_000 * MINUTE, |_| Ok(None)).await;
    assert_eq!(entries, []);
}
