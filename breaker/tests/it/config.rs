//! Bad settings are refused by name, all at once; good ones do what they say.

use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Config, FieldError, Mode, Outcome, Window};

mod readme;
mod rules;

/// The names of the fields of [`Config`], with their values as `Debug` writes them.
pub(crate) fn fields(config: &Config) -> Vec<(String, String)> {
    let text = format!("{config:#?}");
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        match line.split_once(": ") {
            Some((name, value)) if !line.starts_with(' ') => {
                fields.push((name.to_owned(), value.to_owned()));
            }
            _ => fields.last_mut().unwrap().1.push_str(line),
        }
    }
    assert!(fields.len() >= 19, "no longer readable: {text}");
    fields
}

pub(crate) fn names(config: &Config) -> Vec<String> {
    fields(config).into_iter().map(|(name, _)| name).collect()
}

fn all_broken() -> Config {
    let mut config = Config::default();
    config.failure_threshold = Some(0);
    config.reset_timeout = Duration::ZERO;
    config.window = Window::Calls(0);
    config.min_calls = Some(0);
    config.failure_rate = Some(0.0);
    config.slow_call_duration = Some(Duration::ZERO);
    config.slow_call_rate = Some(f64::NAN);
    config.open_for = Duration::ZERO;
    config.open_for_multiplier = f64::INFINITY;
    config.open_for_jitter = -1.0;
    config.max_probes = 0;
    config.success_threshold = 0;
    config.half_open_failure_rate = Some(2.0);
    config.half_open_calls = 0;
    config.half_open_max = Duration::ZERO;
    config
}

#[test]
fn every_broken_field_is_named_at_once_with_its_value_and_rule() {
    let error = CircuitBreaker::builder("")
        .config(all_broken())
        .build()
        .unwrap_err();
    let text = error.to_string();
    assert_eq!(
        text.split("; ").collect::<Vec<_>>(),
        [
            "circuit breaker \"\" is misconfigured: name = \"\" (must not be empty)",
            "failure_threshold = 0 (must be at least 1)",
            "reset_timeout = 0ns (must be longer than zero)",
            "window = Calls(0) (must be 1 to 1000000 calls, or 1 ms to 1 h)",
            "min_calls = 0 (must be at least 1)",
            "failure_rate = 0.0 (must be more than 0 and at most 1)",
            "slow_call_duration = 0ns (must be longer than zero)",
            "slow_call_rate = NaN (must be more than 0 and at most 1)",
            "open_for = 0ns (must be longer than zero)",
            "open_for_multiplier = inf (must be at least 1 and finite)",
            "open_for_jitter = -1.0 (must be at least 0 and less than 1)",
            "max_probes = 0 (must be at least 1)",
            "success_threshold = 0 (must be at least 1)",
            "half_open_failure_rate = 2.0 (must be more than 0 and at most 1)",
            "half_open_calls = 0 (must be at least 1)",
            "half_open_max = 0ns (must be longer than zero)",
        ]
    );
    let listed: Vec<String> = error.fields().iter().map(FieldError::to_string).collect();
    assert!(text.ends_with(&listed.join("; ")), "{text}");
}

#[test]
fn only_an_empty_name_is_refused() {
    let error = CircuitBreaker::builder("").build().unwrap_err();
    assert_eq!(error.name(), "");
    assert_eq!(error.fields().len(), 1);
    assert_eq!(error.fields()[0].field, "name");
    for name in [" ", "payments, \"eu\"", "плата"] {
        let breaker = CircuitBreaker::builder(name).build().unwrap();
        assert_eq!(breaker.name(), name);
    }
}

#[test]
fn a_good_field_is_not_named() {
    let error = CircuitBreaker::builder("payments")
        .max_probes(0)
        .build()
        .unwrap_err();
    assert_eq!(error.name(), "payments");
    assert_eq!(error.fields().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn reconfigure_refuses_without_changing_anything() {
    let breaker = CircuitBreaker::builder("payments")
        .failure_threshold(3)
        .failure_rate(1.0)
        .build()
        .unwrap();
    for outcome in [Outcome::Success, Outcome::Failure, Outcome::Failure] {
        breaker.observe(outcome, Duration::ZERO);
    }
    breaker.set_mode_for(Mode::Shadow, "trying", Duration::from_secs(9));
    let permit = breaker.try_acquire().unwrap();
    let (config, snapshot) = (breaker.config(), breaker.snapshot());

    let error = breaker.reconfigure(all_broken()).unwrap_err();
    let by_build = CircuitBreaker::builder("payments")
        .config(all_broken())
        .build();
    // As text, for one of the values is NaN.
    assert_eq!(error.to_string(), by_build.unwrap_err().to_string());
    let mut half_good = breaker.config();
    half_good.failure_threshold = Some(1);
    half_good.max_probes = 0;
    assert_eq!(
        breaker.reconfigure(half_good).unwrap_err().fields().len(),
        1
    );

    assert_eq!(breaker.config(), config);
    assert_eq!(breaker.snapshot(), snapshot);
    permit.failure();
    assert_eq!(breaker.snapshot().totals.opened, 1, "three, as configured");
}

#[tokio::test(start_paused = true)]
async fn huge_values_neither_panic_nor_overflow() {
    let mut config = Config::default();
    config.failure_threshold = Some(1);
    config.reset_timeout = Duration::MAX;
    config.slow_call_duration = Some(Duration::MAX);
    config.slow_call_rate = Some(f64::MIN_POSITIVE);
    config.open_for = Duration::MAX;
    config.open_for_multiplier = f64::MAX;
    config.max_open_for = Duration::MAX;
    config.open_for_jitter = 1.0 - f64::EPSILON;
    config.open_for_reset_after = Duration::MAX;
    config.max_probes = u32::MAX;
    config.success_threshold = u32::MAX;
    config.half_open_failure_rate = Some(f64::MIN_POSITIVE);
    config.half_open_calls = u32::MAX;
    config.half_open_max = Duration::MAX;
    config.ramp_up = Duration::MAX;
    let breaker = CircuitBreaker::builder("huge")
        .config(config.clone())
        .build()
        .unwrap();
    breaker.observe(Outcome::Success, Duration::MAX);
    breaker.set_mode_for(Mode::Shadow, "for ever", Duration::MAX);
    breaker.reset();
    breaker.try_acquire().unwrap().failure();
    let rejected = breaker.try_acquire().unwrap_err();
    assert!(rejected.to_string().contains("retry after"));

    config.open_for_jitter = 0.0;
    breaker.reconfigure(config).unwrap();
    let rejected = breaker.try_acquire().unwrap_err();
    // Never: the breaker's clock ends 292 years after the process began.
    assert!(rejected.retry_after().unwrap() > Duration::from_secs(200 * 365 * 86_400));
}
