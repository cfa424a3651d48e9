//! The README's tables tell each default as it is, and each field has its builder method.

use std::fmt::Debug;
use std::time::Duration;

use steadfast_retry::{
    Budget, BudgetBuilder, BudgetConfig, Builder, Config, Growth, HedgeConfig, HedgeTrigger,
    Jitter, Retry,
};

use super::{fields, names};

const README: &str = include_str!("../../../README.md");

/// Setting and default of each row of a table.
fn rows(header: &str) -> Vec<(String, String)> {
    let begin = README.find(header).unwrap();
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

/// Each field as the README should tell it.
fn expected<C: Debug>(config: &C, in_words: fn(&C, &str) -> String) -> Vec<(String, String)> {
    let words = |name: String| {
        let default = in_words(config, &name);
        (name, default)
    };
    names(config).into_iter().map(words).collect()
}

#[test]
fn the_readme_tells_every_default_as_it_is() {
    let told = rows("| setting | default |");
    assert_eq!(told, expected(&Config::default(), in_words));
}

#[test]
fn the_readme_tells_every_default_of_a_budget_as_it_is() {
    let told = rows("| setting of a budget | default |");
    assert_eq!(told, expected(&BudgetConfig::default(), budget_in_words));
}

#[test]
fn the_readme_tells_every_default_of_a_hedge_as_it_is() {
    let mut expected = expected(&HedgeConfig::default(), hedge_in_words);
    let (trigger, _) = expected.first_mut().unwrap();
    assert_eq!(trigger, "trigger");
    "percentile".clone_into(trigger);
    assert_eq!(rows("| setting of a hedge | default |"), expected);
}

fn in_words(config: &Config, field: &str) -> String {
    match field {
        "growth" => config.growth.to_string(),
        "base_backoff" => duration(config.base_backoff),
        "max_backoff" => duration(config.max_backoff),
        "max_retry_after" => duration(config.max_retry_after),
        "backoff_multiplier" => {
            assert_eq!(config.backoff_multiplier, None);
            let exponential = multiplier(Growth::Exponential);
            let decorrelated = multiplier(Growth::Decorrelated);
            format!("{exponential}, or {decorrelated} if growth is decorrelated")
        }
        "jitter" => {
            assert_eq!(config.jitter, None);
            let retry = format!("{:?}", Retry::builder("jitter").build().unwrap());
            assert!(retry.contains("jitter: Full"), "{retry}");
            "full".to_owned()
        }
        _ => as_it_is(config, field),
    }
}

fn budget_in_words(config: &BudgetConfig, field: &str) -> String {
    match field {
        "window" => duration(config.window),
        _ => as_it_is(config, field),
    }
}

fn hedge_in_words(config: &HedgeConfig, field: &str) -> String {
    match (field, config.trigger) {
        ("trigger", HedgeTrigger::Percentile(percentile)) => percentile.to_string(),
        ("min_delay", _) => duration(config.min_delay),
        _ => as_it_is(config, field),
    }
}

fn as_it_is(config: &impl Debug, field: &str) -> String {
    let all = fields(config);
    let (_, value) = all.iter().find(|(name, _)| name == field).unwrap();
    match value.as_str() {
        "None" => "none".to_owned(),
        value => value.trim_end_matches(".0").to_owned(),
    }
}

/// What the retry of a config without a multiplier counts with.
fn multiplier(growth: Growth) -> String {
    let retry = Retry::builder("multiplier").growth(growth).build().unwrap();
    let text = format!("{retry:?}");
    let (_, backoff) = text.split_once("backoff: Backoff {").unwrap();
    let (_, multiplier) = backoff.split_once("multiplier: ").unwrap();
    let (multiplier, _) = multiplier.split_once(',').unwrap();
    multiplier.trim_end_matches(".0").to_owned()
}

fn duration(duration: Duration) -> String {
    match duration.as_millis() {
        millis if Duration::from_millis(millis as u64) != duration => panic!("too fine"),
        millis if millis % 1000 == 0 => format!("{} s", millis / 1000),
        millis => format!("{millis} ms"),
    }
}

/// Which fields differ.
fn changed(before: &impl Debug, after: &impl Debug) -> Vec<String> {
    let (before, after) = (fields(before), fields(after));
    let pairs = before.into_iter().zip(after);
    pairs
        .filter(|(before, after)| before != after)
        .map(|((name, _), _)| name)
        .collect()
}

#[test]
fn each_builder_method_sets_the_field_of_its_name_and_no_other() {
    const SECOND: Duration = Duration::from_secs(1);
    type Method = fn(Builder) -> Builder;
    let methods: [(&str, Method); 10] = [
        ("max_attempts", |b| b.max_attempts(7)),
        ("growth", |b| b.growth(Growth::Linear)),
        ("base_backoff", |b| b.base_backoff(SECOND)),
        ("max_backoff", |b| b.max_backoff(SECOND)),
        ("backoff_multiplier", |b| b.backoff_multiplier(1.5)),
        ("jitter", |b| b.jitter(Jitter::Equal)),
        ("max_elapsed", |b| b.max_elapsed(SECOND)),
        ("attempt_timeout", |b| b.attempt_timeout(SECOND)),
        ("max_retry_after", |b| b.max_retry_after(SECOND)),
        ("history", |b| b.history(3)),
    ];
    // A budget given to the builder is shared, and so no part of the config.
    let mut tested: Vec<_> = methods.iter().map(|(name, _)| *name).collect();
    tested.push("budget");
    assert_eq!(names(&Config::default()), tested);

    let config = |builder: Builder| builder.build().unwrap().config().clone();
    for (name, method) in methods {
        let before = config(Retry::builder("methods"));
        let after = config(method(Retry::builder("methods")));
        assert_eq!(changed(&before, &after), [name]);
    }
}

#[test]
fn each_budget_builder_method_sets_the_field_of_its_name_and_no_other() {
    type Method = fn(BudgetBuilder) -> BudgetBuilder;
    let methods: [(&str, Method); 3] = [
        ("share", |b| b.share(0.5)),
        ("min_per_second", |b| b.min_per_second(2.0)),
        ("window", |b| b.window(Duration::from_secs(30))),
    ];
    let tested = methods.map(|(name, _)| name);
    assert_eq!(names(&BudgetConfig::default()), tested);

    let config = |builder: BudgetBuilder| builder.build().unwrap().config();
    for (name, method) in methods {
        let before = config(Budget::builder("methods"));
        let after = config(method(Budget::builder("methods")));
        assert_eq!(changed(&before, &after), [name]);
    }
}
