//! Windows of every size, the large ones too, against a plain list of results.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use steadfast_breaker::{CircuitBreaker, Config, Mode, Outcome, State, Window};

/// What is recorded: whether it failed, and whether it was slow.
type Recorded = (bool, bool);

const SLOW: Duration = Duration::from_millis(10);

fn size() -> impl Strategy<Value = u32> {
    select(vec![1, 2, 3, 10, 63, 64, 65, 100, 127, 128, 129, 200])
}

fn results() -> impl Strategy<Value = Vec<Recorded>> {
    (0.0..1.0_f64, 0.0..1.0_f64).prop_flat_map(|(failing, slow)| {
        let recorded = (prop::bool::weighted(failing), prop::bool::weighted(slow));
        prop::collection::vec(recorded, 1..300)
    })
}

fn record(breaker: &CircuitBreaker, (failed, slow): Recorded) {
    let outcome = if failed {
        Outcome::Failure
    } else {
        Outcome::Success
    };
    breaker.observe(outcome, if slow { SLOW } else { Duration::ZERO });
}

/// The last so many.
fn newest(results: &[Recorded], count: u32) -> &[Recorded] {
    &results[results.len().saturating_sub(count as usize)..]
}

fn count(results: &[Recorded], of: impl Fn(&Recorded) -> bool) -> u64 {
    results.iter().filter(|recorded| of(recorded)).count() as u64
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_count_window_holds_exactly_the_last_results(
        sizes in prop::collection::vec((size(), results()), 1..4),
    ) {
        let mut config = Config::default();
        config.slow_call_duration = Some(SLOW);
        config.slow_call_rate = Some(1.0);
        config.min_calls = Some(1);
        let breaker = CircuitBreaker::builder("window").config(config.clone()).build().unwrap();
        breaker.set_mode(Mode::ForcedClosed, "only the window is looked at");
        let mut held = Vec::new();
        for (size, results) in sizes {
            config.window = Window::Calls(size);
            breaker.reconfigure(config.clone()).unwrap();
            held = newest(&held, size).to_vec();
            for recorded in results {
                record(&breaker, recorded);
                held.push(recorded);
                held = newest(&held, size).to_vec();
                let window = breaker.snapshot().window.unwrap();
                prop_assert_eq!(window.calls, held.len() as u64);
                prop_assert_eq!(window.failures, count(&held, |recorded| recorded.0));
                prop_assert_eq!(window.slow, count(&held, |recorded| recorded.1));
            }
        }
    }

    /// Opens with the first result at which the share is reached, whichever of the rates that is.
    #[test]
    fn a_rate_trips_exactly_when_it_is_reached(
        size in size(),
        least in 1..200_u32,
        percent in 1..=100_u32,
        slow_percent in 1..=100_u32,
        results in results(),
    ) {
        let (rate, slow_rate) = (f64::from(percent) / 100.0, f64::from(slow_percent) / 100.0);
        let least = least.min(size);
        let breaker = CircuitBreaker::builder("rate")
            .window(Window::Calls(size))
            .min_calls(least)
            .failure_rate(rate)
            .slow_call_duration(SLOW)
            .slow_call_rate(slow_rate)
            .build()
            .unwrap();
        for nth in 1..=results.len() {
            record(&breaker, results[nth - 1]);
            let held = newest(&results[..nth], size);
            // In whole numbers: a share in percent is reached or not, without any rounding.
            let reached = |part: u64, percent: u32| part * 100 >= u64::from(percent) * held.len() as u64;
            let trips = held.len() >= least as usize
                && (reached(count(held, |recorded| recorded.0), percent)
                    || reached(count(held, |recorded| recorded.1), slow_percent));
            let state = if trips { State::Open } else { State::Closed };
            prop_assert_eq!(breaker.state(), state, "after {} results", nth);
            if trips {
                break;
            }
        }
    }

    /// A time window of any length, to its tenth.
    #[test]
    fn a_time_window_holds_what_its_buckets_hold(
        length in 1_000_000..100_000_000_u64,
        results in prop::collection::vec((0..30_000_000_u64, any::<bool>()), 1..100),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let breaker = CircuitBreaker::builder("window")
                .window(Window::Time(Duration::from_nanos(length)))
                .failure_rate(1.0)
                .build()
                .unwrap();
            breaker.set_mode(Mode::ForcedClosed, "only the window is looked at");
            let (mut now, mut all) = (0, Vec::new());
            for (wait, failed) in results {
                tokio::time::advance(Duration::from_nanos(wait)).await;
                now += wait;
                record(&breaker, (failed, false));
                all.push((now, failed));
                let bucket = |at: u64| at / (length / 10);
                let held = all.iter().filter(|(at, _)| bucket(*at) + 10 > bucket(now));
                let (calls, failures) = held.fold((0, 0), |(calls, failures), (_, failed)| {
                    (calls + 1, failures + u64::from(*failed))
                });
                let window = breaker.snapshot().window.unwrap();
                prop_assert_eq!((window.calls, window.failures), (calls, failures));
            }
            Ok(())
        })?;
    }
}
