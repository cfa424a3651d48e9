//! The README's table tells each default as it is, and each field has its builder method.

use std::time::Duration;

use steadfast_breaker::{
    AbandonedAs, Builder, CircuitBreaker, Config, Outcome, State, Window, WindowSnapshot,
};

use super::{fields, names};

const README: &str = include_str!("../../../README.md");

/// Setting and default of each row of the table.
fn rows() -> Vec<(String, String)> {
    let begin = README.find("| setting | default |").unwrap();
    README[begin..]
        .lines()
        .take_while(|line| line.starts_with('|'))
        .skip(2)
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 5, "three cells: {line}");
            (cells[1].trim_matches('`').to_owned(), cells[2].to_owned())
        })
        .collect()
}

#[test]
fn the_readme_tells_every_default_as_it_is() {
    let config = Config::default();
    let words = |name: String| {
        let default = in_words(&config, &name);
        (name, default)
    };
    let expected: Vec<_> = names(&config).into_iter().map(words).collect();
    assert_eq!(rows(), expected);
}

fn in_words(config: &Config, field: &str) -> String {
    match field {
        "failure_threshold" => {
            assert_eq!(config.failure_threshold, None);
            assert_eq!(failures_to_open(with_rate()), None);
            let failures = failures_to_open(CircuitBreaker::builder("no rate")).unwrap();
            format!("{failures}, if no rate is given")
        }
        "min_calls" => {
            assert_eq!(config.min_calls, None);
            assert_eq!(calls_to_a_rate(with_rate().window(Window::Calls(4))), 4);
            let calls = calls_to_a_rate(with_rate());
            format!("{calls}, or all of a smaller count window")
        }
        "window" => match config.window {
            Window::Calls(calls) => format!("the last {calls} calls"),
            Window::Time(time) => format!("the last {}", duration(time)),
        },
        "abandoned_as" => match config.abandoned_as {
            AbandonedAs::Ignored => "ignored".to_owned(),
            AbandonedAs::Failure => "failure".to_owned(),
        },
        "reset_timeout" => duration(config.reset_timeout),
        "slow_call_duration" => config.slow_call_duration.map_or_else(none, duration),
        "open_for" => duration(config.open_for),
        "max_open_for" => duration(config.max_open_for),
        "open_for_reset_after" => duration(config.open_for_reset_after),
        "half_open_max" => duration(config.half_open_max),
        "ramp_up" => duration(config.ramp_up),
        _ => {
            let all = fields(config);
            let (_, value) = all.iter().find(|(name, _)| name == field).unwrap();
            match value.trim_end_matches(',') {
                "None" => none(),
                value => value.trim_end_matches(".0").to_owned(),
            }
        }
    }
}

fn none() -> String {
    "none".to_owned()
}

fn duration(duration: Duration) -> String {
    assert_eq!(duration.subsec_nanos(), 0);
    match duration.as_secs() {
        minutes @ 120.. if minutes % 60 == 0 => format!("{} min", minutes / 60),
        seconds => format!("{seconds} s"),
    }
}

/// One success keeps it closed, for as long as that is among the last hundred calls.
fn with_rate() -> Builder {
    CircuitBreaker::builder("rate").failure_rate(1.0)
}

fn failures_to_open(builder: Builder) -> Option<u32> {
    let breaker = builder.build().unwrap();
    breaker.observe(Outcome::Success, Duration::ZERO);
    (1..90).find(|_| {
        breaker.observe(Outcome::Failure, Duration::ZERO);
        breaker.state() == State::Open
    })
}

fn calls_to_a_rate(builder: Builder) -> u32 {
    let breaker = builder.build().unwrap();
    let rate = |window: WindowSnapshot| window.failure_rate;
    (1..200)
        .find(|_| {
            breaker.observe(Outcome::Success, Duration::ZERO);
            breaker.snapshot().window.and_then(rate).is_some()
        })
        .unwrap()
}

#[test]
fn each_builder_method_sets_the_field_of_its_name_and_no_other() {
    const SECOND: Duration = Duration::from_secs(1);
    type Method = fn(Builder) -> Builder;
    let methods: [(&str, Method); 19] = [
        ("failure_threshold", |b| b.failure_threshold(7)),
        ("reset_timeout", |b| b.reset_timeout(SECOND)),
        ("window", |b| b.window(Window::Time(SECOND))),
        ("min_calls", |b| b.min_calls(7)),
        ("failure_rate", |b| b.failure_rate(0.25)),
        ("slow_call_duration", |b| b.slow_call_duration(SECOND)),
        ("slow_call_rate", |b| b.slow_call_rate(0.25)),
        ("open_for", |b| b.open_for(SECOND)),
        ("open_for_multiplier", |b| b.open_for_multiplier(2.0)),
        ("max_open_for", |b| b.max_open_for(SECOND * 90)),
        ("open_for_jitter", |b| b.open_for_jitter(0.25)),
        ("open_for_reset_after", |b| b.open_for_reset_after(SECOND)),
        ("max_probes", |b| b.max_probes(7)),
        ("success_threshold", |b| b.success_threshold(7)),
        ("half_open_failure_rate", |b| b.half_open_failure_rate(0.25)),
        ("half_open_calls", |b| b.half_open_calls(7)),
        ("half_open_max", |b| b.half_open_max(SECOND)),
        ("ramp_up", |b| b.ramp_up(SECOND)),
        ("abandoned_as", |b| b.abandoned_as(AbandonedAs::Failure)),
    ];
    let tested = methods.map(|(name, _)| name.to_owned());
    assert_eq!(names(&Config::default()), tested);

    // The one field without which another cannot be set.
    let base = || CircuitBreaker::builder("methods").slow_call_duration(SECOND * 5);
    let before = fields(&base().build().unwrap().config());
    for (name, method) in methods {
        let after = fields(&method(base()).build().unwrap().config());
        let changed: Vec<_> = before.iter().zip(&after).filter(|(a, b)| a != b).collect();
        assert_eq!(changed.len(), 1, "{name} changed {changed:?}");
        assert_eq!(changed[0].0.0, name);
    }
}
