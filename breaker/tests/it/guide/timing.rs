//! How long things take, as the page says, in virtual time.

use std::time::Duration;

use steadfast_breaker::{Builder, CircuitBreaker, Outcome, State, Window};
use tokio::time::advance;

const QUICK: Duration = Duration::from_millis(5);

fn builder() -> Builder {
    CircuitBreaker::builder("timing")
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A call, if the breaker lets it through, that fails at once.
fn fail(breaker: &CircuitBreaker) -> bool {
    breaker.try_acquire().map(|permit| permit.failure()).is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_window_of_time_notices_a_total_outage_as_fast_at_any_traffic() {
    for gap in [Duration::from_millis(100), Duration::from_millis(10)] {
        let window = Window::Time(secs(10));
        let breaker = builder().failure_rate(0.5).window(window).build().unwrap();
        for _ in 0..secs(30).as_millis() / gap.as_millis() {
            breaker.observe(Outcome::Success, QUICK);
            advance(gap).await;
        }
        let mut noticed = Duration::ZERO;
        while breaker.state() == State::Closed {
            breaker.observe(Outcome::Failure, QUICK);
            advance(gap).await;
            noticed += gap;
        }
        // Rate times length, less what the window's last tenth may lack.
        assert!(
            noticed > secs(4) && noticed < Duration::from_millis(5200),
            "{noticed:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rare_failures_are_a_run_only_if_the_reset_timeout_is_longer_than_their_pauses() {
    let forgets = builder().failure_threshold(3).build().unwrap();
    let remembers = builder()
        .failure_threshold(3)
        .reset_timeout(secs(600))
        .build()
        .unwrap();
    for _ in 0..100 {
        assert!(fail(&forgets));
        fail(&remembers);
        advance(secs(60)).await;
    }
    assert_eq!(forgets.snapshot().totals.opened, 0);
    assert!(remembers.snapshot().totals.opened > 0);
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_is_open_for_less_than_the_time_between_calls_rejects_nothing() {
    let breaker = builder()
        .failure_threshold(1)
        .open_for(secs(30))
        .build()
        .unwrap();
    for _ in 0..100 {
        assert!(fail(&breaker));
        assert_eq!(breaker.state(), State::Open);
        advance(secs(31)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn about_half_of_a_steady_traffic_passes_while_ramping_up() {
    let breaker = builder()
        .failure_threshold(1)
        .success_threshold(1)
        .ramp_up(secs(100))
        .build()
        .unwrap();
    assert!(fail(&breaker));
    advance(secs(30)).await;
    breaker.try_acquire().unwrap().success();
    let mut admitted = 0;
    for call in 0..1_000 {
        let passes = breaker.try_acquire().map(|permit| permit.success()).is_ok();
        // The first, and then one in ten.
        assert!(call >= 91 || passes == (call % 10 == 0), "call {call}");
        admitted += u32::from(passes);
        advance(Duration::from_millis(100)).await;
    }
    assert!((500..=510).contains(&admitted), "{admitted}");
    assert_eq!(breaker.snapshot().state, State::Closed);
}

#[tokio::test(start_paused = true)]
async fn many_instances_send_a_dead_dependency_as_many_probes_as_computed() {
    let instances: Vec<_> = (0..40)
        .map(|_| {
            builder()
                .failure_threshold(1)
                .open_for(secs(15))
                .build()
                .unwrap()
        })
        .collect();
    assert!(instances.iter().all(fail));
    let mut probes = 0;
    for _ in 0..600 {
        advance(Duration::from_millis(100)).await;
        probes += instances.iter().filter(|breaker| fail(breaker)).count();
    }
    // 40 * 1 / 15 s, for 60 s.
    assert_eq!(probes, 160);
}

#[tokio::test(start_paused = true)]
async fn probes_that_hang_are_as_many_as_fit_into_half_open_max_and_open_for() {
    let breaker = builder()
        .failure_threshold(1)
        .max_probes(2)
        .half_open_max(secs(5))
        .open_for(secs(15))
        .build()
        .unwrap();
    assert!(fail(&breaker));
    let mut hanging = Vec::new();
    for _ in 0..815 {
        advance(Duration::from_millis(100)).await;
        hanging.extend(breaker.try_acquire());
    }
    // From 15 s on two every 20 s: at 15, 35, 55 and 75 s.
    assert_eq!(hanging.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_open_time_at_its_cap_varies_downwards_only_and_evenly() {
    let (mut upper, mut lower) = (0, 0);
    for _ in 0..400 {
        let breaker = builder()
            .failure_threshold(1)
            .open_for(secs(60))
            .max_open_for(secs(60))
            .open_for_jitter(0.2)
            .build()
            .unwrap();
        assert!(fail(&breaker));
        let wait = breaker.snapshot().retry_after.unwrap();
        assert!(wait >= secs(48) && wait < secs(60), "{wait:?}");
        if wait >= secs(54) {
            upper += 1
        } else {
            lower += 1
        }
    }
    // Half of 400, give or take six standard deviations.
    assert!((140..=260).contains(&upper), "{upper} and {lower}");
}
