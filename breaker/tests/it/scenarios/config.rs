//! A configuration in JSON, its keys those of `Config`.

use std::time::Duration;

use serde_json::Value;
use steadfast_breaker::{AbandonedAs, Config, Window};

use super::fields::{Fields, Told};

/// Changes what the value names and leaves the rest.
pub(super) fn change(config: &mut Config, value: Value) -> Told<()> {
    for (name, value) in Fields::of(value)?.rest() {
        set(config, &name, &value).ok_or_else(|| format!("config: {name} = {value}"))?;
    }
    Ok(())
}

fn set(config: &mut Config, name: &str, value: &Value) -> Option<()> {
    let number = value.as_f64();
    let count = value.as_u64().and_then(|count| u32::try_from(count).ok());
    let time = value.as_u64().map(Duration::from_millis);
    match name {
        "failure_threshold" => config.failure_threshold = unless_null(value, count)?,
        "reset_timeout" => config.reset_timeout = time?,
        "window" => config.window = window(value)?,
        "min_calls" => config.min_calls = unless_null(value, count)?,
        "failure_rate" => config.failure_rate = unless_null(value, number)?,
        "slow_call_duration" => config.slow_call_duration = unless_null(value, time)?,
        "slow_call_rate" => config.slow_call_rate = unless_null(value, number)?,
        "open_for" => config.open_for = time?,
        "open_for_multiplier" => config.open_for_multiplier = number?,
        "max_open_for" => config.max_open_for = time?,
        "open_for_jitter" => config.open_for_jitter = number?,
        "open_for_reset_after" => config.open_for_reset_after = time?,
        "max_probes" => config.max_probes = count?,
        "success_threshold" => config.success_threshold = count?,
        "half_open_failure_rate" => config.half_open_failure_rate = unless_null(value, number)?,
        "half_open_calls" => config.half_open_calls = count?,
        "half_open_max" => config.half_open_max = time?,
        "ramp_up" => config.ramp_up = time?,
        "abandoned_as" => {
            config.abandoned_as = match value.as_str()? {
                "ignored" => AbandonedAs::Ignored,
                "failure" => AbandonedAs::Failure,
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// `null` takes a value away.
fn unless_null<T>(value: &Value, read: Option<T>) -> Option<Option<T>> {
    if value.is_null() {
        Some(None)
    } else {
        read.map(Some)
    }
}

fn window(value: &Value) -> Option<Window> {
    let (kind, size) = value.as_object()?.iter().next()?;
    match kind.as_str() {
        "calls" => Some(Window::Calls(u32::try_from(size.as_u64()?).ok()?)),
        "time" => Some(Window::Time(Duration::from_millis(size.as_u64()?))),
        _ => None,
    }
}
