//! Each rule of each field, just inside and just outside.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Config, FieldError, Window};

const NANO: Duration = Duration::from_nanos(1);
const MILLI: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

const COUNT: &str = "must be at least 1";
const LONGER: &str = "must be longer than zero";
const RATE: &str = "must be more than 0 and at most 1";
const WINDOW: &str = "must be 1 to 1000000 calls, or 1 ms to 1 h";

fn with(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    change(&mut config);
    config
}

fn broken(config: Config) -> Vec<(&'static str, String, &'static str)> {
    let parts = |error: &FieldError| (error.field, error.value.clone(), error.rule);
    match CircuitBreaker::builder("rules").config(config).build() {
        Ok(_) => Vec::new(),
        Err(error) => error.fields().iter().map(parts).collect(),
    }
}

#[track_caller]
fn refused(config: Config, field: &'static str, value: impl std::fmt::Debug, rule: &'static str) {
    assert_eq!(broken(config), [(field, format!("{value:?}"), rule)]);
}

#[track_caller]
fn taken(config: Config) {
    assert_eq!(broken(config), []);
}

#[test]
fn a_count_is_at_least_one() {
    type Set = fn(&mut Config, u32);
    let counts: [(&str, Set); 4] = [
        ("failure_threshold", |c, n| c.failure_threshold = Some(n)),
        ("max_probes", |c, n| c.max_probes = n),
        ("success_threshold", |c, n| c.success_threshold = n),
        ("half_open_calls", |c, n| c.half_open_calls = n),
    ];
    for (field, set) in counts {
        refused(with(|c| set(c, 0)), field, 0, COUNT);
        for count in [1, u32::MAX] {
            taken(with(|c| set(c, count)));
        }
    }
}

#[test]
fn a_duration_that_must_pass_is_longer_than_zero() {
    type Set = fn(&mut Config, Duration);
    let durations: [(&str, Set); 4] = [
        ("reset_timeout", |c, d| c.reset_timeout = d),
        ("slow_call_duration", |c, d| c.slow_call_duration = Some(d)),
        ("open_for", |c, d| c.open_for = d),
        ("half_open_max", |c, d| c.half_open_max = d),
    ];
    for (field, set) in durations {
        refused(
            with(|c| set(c, Duration::ZERO)),
            field,
            Duration::ZERO,
            LONGER,
        );
        for duration in [NANO, Duration::MAX] {
            taken(with(|c| set(c, duration)));
        }
    }
}

#[test]
fn other_durations_may_be_anything() {
    type Set = fn(&mut Config, Duration);
    let durations: [Set; 3] = [
        |c, d| c.open_for_reset_after = d,
        |c, d| c.ramp_up = d,
        |c, d| c.max_open_for = d,
    ];
    for set in durations {
        for duration in [Duration::ZERO, NANO, Duration::MAX] {
            taken(with(|c| set(c, duration)));
        }
    }
}

#[test]
fn a_rate_is_more_than_zero_and_at_most_one() {
    type Set = fn(&mut Config, f64);
    let rates: [(&str, Set); 3] = [
        ("failure_rate", |c, r| c.failure_rate = Some(r)),
        ("slow_call_rate", |c, r| {
            c.slow_call_rate = Some(r);
            c.slow_call_duration = Some(MILLI);
        }),
        ("half_open_failure_rate", |c, r| {
            c.half_open_failure_rate = Some(r)
        }),
    ];
    for (field, set) in rates {
        for rate in [
            0.0,
            -0.0,
            -f64::MIN_POSITIVE,
            1.0 + f64::EPSILON,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ] {
            refused(with(|c| set(c, rate)), field, rate, RATE);
        }
        for rate in [f64::MIN_POSITIVE, 0.5, 1.0] {
            taken(with(|c| set(c, rate)));
        }
    }
}

#[test]
fn the_multiplier_is_at_least_one_and_finite() {
    let with = |multiplier| with(|c| c.open_for_multiplier = multiplier);
    for multiplier in [
        1.0 - f64::EPSILON,
        0.0,
        -2.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ] {
        let rule = "must be at least 1 and finite";
        refused(with(multiplier), "open_for_multiplier", multiplier, rule);
    }
    for multiplier in [1.0, 1.0 + f64::EPSILON, f64::MAX] {
        taken(with(multiplier));
    }
}

#[test]
fn the_jitter_is_at_least_zero_and_less_than_one() {
    let with = |jitter| with(|c| c.open_for_jitter = jitter);
    for jitter in [
        -f64::MIN_POSITIVE,
        1.0,
        1.0 + f64::EPSILON,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ] {
        let rule = "must be at least 0 and less than 1";
        refused(with(jitter), "open_for_jitter", jitter, rule);
    }
    for jitter in [0.0, -0.0, f64::MIN_POSITIVE, 1.0 - f64::EPSILON] {
        taken(with(jitter));
    }
}

#[test]
fn a_window_has_both_its_ends() {
    let with = |window| with(|c| c.window = window);
    for window in [
        Window::Calls(0),
        Window::Calls(1_000_001),
        Window::Calls(u32::MAX),
        Window::Time(Duration::ZERO),
        Window::Time(MILLI - NANO),
        Window::Time(HOUR + NANO),
        Window::Time(Duration::MAX),
    ] {
        refused(with(window), "window", window, WINDOW);
    }
    for window in [
        Window::Calls(1),
        Window::Calls(1_000_000),
        Window::Time(MILLI),
        Window::Time(HOUR),
    ] {
        taken(with(window));
    }
}

#[test]
fn min_calls_fit_in_a_count_window() {
    let with = |window, min_calls| {
        with(|c| {
            c.window = window;
            c.min_calls = Some(min_calls);
        })
    };
    let (calls, time) = (Window::Calls(7), Window::Time(MILLI));
    let rule = "must be at most the calls of the window";
    refused(with(calls, 8), "min_calls", 8, rule);
    refused(with(calls, 0), "min_calls", 0, COUNT);
    refused(with(time, 0), "min_calls", 0, COUNT);
    taken(with(calls, 1));
    taken(with(calls, 7));
    taken(with(time, 1));
    taken(with(time, u32::MAX));
}

#[test]
fn a_slow_call_rate_comes_with_a_slow_call_duration() {
    let rule = "must come with slow_call_duration";
    refused(
        with(|c| c.slow_call_rate = Some(0.5)),
        "slow_call_rate",
        0.5,
        rule,
    );
    let both_rules = broken(with(|c| c.slow_call_rate = Some(0.0)));
    let value = "0.0".to_owned();
    assert_eq!(
        both_rules,
        [
            ("slow_call_rate", value.clone(), RATE),
            ("slow_call_rate", value, rule)
        ]
    );
    taken(with(|c| c.slow_call_duration = Some(MILLI)));
}

#[test]
fn the_longest_open_time_matters_only_if_open_times_vary() {
    let with = |multiplier, jitter, max_open_for| {
        with(|c| {
            c.open_for = HOUR;
            c.open_for_multiplier = multiplier;
            c.open_for_jitter = jitter;
            c.max_open_for = max_open_for;
        })
    };
    let varying = [
        (1.0 + f64::EPSILON, 0.0),
        (1.0, f64::MIN_POSITIVE),
        (2.0, 0.5),
    ];
    for (multiplier, jitter) in varying {
        for shorter in [Duration::ZERO, HOUR - NANO] {
            let config = with(multiplier, jitter, shorter);
            refused(config, "max_open_for", shorter, "must be at least open_for");
        }
        taken(with(multiplier, jitter, HOUR));
        taken(with(multiplier, jitter, Duration::MAX));
    }
    taken(with(1.0, 0.0, Duration::ZERO));
    taken(with(1.0, 0.0, HOUR - NANO));
}
