//! What other crates get wrong, each with a test that it is right here.

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use steadfast_retry::{Backoff, Failure, Jitter, Retry};

use super::{SECOND, all, first};
use crate::ms;

const JITTERS: [Jitter; 4] = [
    Jitter::None,
    Jitter::Full,
    Jitter::Equal,
    Jitter::Proportional(1.0),
];

/// Jitter that is added after the cap was applied.
#[test]
fn jitter_does_not_lift_a_wait_above_the_cap() {
    for backoff in all(SECOND) {
        for jitter in JITTERS {
            let backoff = backoff.max(SECOND * 4).jitter(jitter);
            let mut longest = backoff.waits();
            for _ in 0..20 {
                assert!(longest.next_with(1.0) <= SECOND * 4, "{backoff:?}");
            }
        }
    }
}

/// Jitter of which the cap cuts the upper half off, so that half of the callers wait the same again.
#[test]
fn the_cap_does_not_collect_draws() {
    let proportional = Backoff::constant(SECOND).max(SECOND);
    for backoff in [
        proportional.jitter(Jitter::Proportional(0.5)),
        Backoff::decorrelated(ms(1)).max(SECOND),
        Backoff::exponential(SECOND).max(SECOND),
    ] {
        let late = backoff.waits_seeded(1).skip(20).take(10_000);
        let at_the_cap = late.filter(|wait| *wait == SECOND).count();
        assert!(at_the_cap < 10, "{at_the_cap} of 10,000: {backoff:?}");
    }
}

/// Jitter drawn once, when the policy is built, and used for every request.
#[tokio::test(start_paused = true)]
async fn two_requests_do_not_wait_the_same() {
    let retry = Retry::builder("requests").build().unwrap();
    let mut requests = Vec::new();
    for _ in 0..3 {
        let mut waits = Vec::new();
        let _ = retry
            .on_retry(|_, _: &Failure<()>, wait| waits.push(wait))
            .call(|_| async { Err::<(), _>(()) })
            .await;
        assert_eq!(waits.len(), 4);
        requests.push(waits);
    }
    let [one, two, three] = &requests[..] else {
        unreachable!("three requests were made");
    };
    assert!(
        one != two && two != three && one != three,
        "{one:?} {two:?} {three:?}"
    );
}

/// A generator that is cloned along with its policy.
#[test]
fn two_iterators_of_one_backoff_draw_other_waits() {
    for backoff in all(SECOND) {
        if backoff.shortest(0) < backoff.longest(0) {
            let (one, two) = (first(backoff, 20), first(backoff, 20));
            assert!(one.iter().ne(&two), "{backoff:?}: {one:?}");
        }
    }
}

/// A generator with a constant seed: every process of a fleet that starts anew draws the same waits.
/// This test runs itself twice, to see what a process that has just begun draws.
#[test]
fn two_processes_draw_other_waits() {
    const ASKED: &str = "STEADFAST_RETRY_TEST_TELL_WAITS";
    if std::env::var_os(ASKED).is_some() {
        let waits = first(Backoff::exponential(SECOND), 20);
        // Not by `println!`, which the test harness would keep to itself.
        writeln!(std::io::stdout(), "waits: {waits:?}").unwrap();
        return;
    }
    let tell = || {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "backoff::mistakes::two_processes_draw_other_waits",
            ])
            .env(ASKED, "1")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let line = text.lines().find(|line| line.contains("waits: ["));
        line.unwrap_or_else(|| panic!("no waits in {text}"))
            .to_owned()
    };
    assert_ne!(tell(), tell());
}

/// A cap that is applied to the growth, and so only from the second wait on.
#[test]
fn the_first_wait_is_not_above_the_cap() {
    for backoff in all(SECOND * 100) {
        for jitter in JITTERS {
            let backoff = backoff.max(SECOND).jitter(jitter);
            assert!(backoff.longest(0) <= SECOND);
            assert!(backoff.waits().next_with(1.0) <= SECOND, "{backoff:?}");
        }
    }
    let without_jitter = Backoff::exponential(SECOND * 100).jitter(Jitter::None);
    assert_eq!(first(without_jitter, 2), [SECOND * 30; 2]);
}

/// tokio-retry's `ExponentialBackoff::from_millis(100)` raises 100 to the power of the retry: 100 ms,
/// 10 s, 17 min.
#[test]
fn the_base_is_doubled_and_not_raised_to_a_power() {
    let backoff = Backoff::exponential(ms(100)).max(Duration::MAX);
    let waits = first(backoff.jitter(Jitter::None), 4);
    assert_eq!(waits, [100, 200, 400, 800].map(ms));
}

/// A power that wraps to zero or panics after 32, 64 or 1,024 retries.
#[test]
fn no_number_of_retries_makes_waits_short_again() {
    for backoff in all(ms(1)) {
        for retry in [31, 32, 33, 63, 64, 65, 127, 128, 1_023, 1_024, u32::MAX] {
            let longest = backoff.longest(retry);
            assert!(longest >= backoff.longest(30), "{retry}: {backoff:?}");
        }
        let waits = backoff.jitter(Jitter::None).waits_seeded(5);
        for (retry, wait) in (0..).zip(waits).take(3_000).skip(30) {
            assert!(
                wait > Duration::ZERO,
                "no wait before retry {retry}: {backoff:?}"
            );
        }
    }
}
