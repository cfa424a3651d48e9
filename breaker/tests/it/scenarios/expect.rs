//! What a scenario expects to see.

use std::fmt::Debug;
use std::time::Duration;

use serde_json::{Value, json};
use steadfast_breaker::{Rejected, Snapshot, Totals, WindowSnapshot};

use super::fields::{Fields, Told};

/// Compares each thing that is named with the snapshot.
pub(super) fn snapshot(seen: &Snapshot, expected: Value) -> Told<()> {
    for (name, expected) in Fields::of(expected)?.rest() {
        let seen = match name.as_str() {
            "state" => json!(seen.state.to_string()),
            "mode" => json!(seen.mode.to_string()),
            "mode_expires_in" => millis(seen.mode_expires_in),
            "cause" => seen.cause.map_or(Value::Null, |cause| word(&cause)),
            "retry_after" => millis(seen.retry_after),
            "generation" => json!(seen.generation),
            "consecutive_failures" => json!(seen.consecutive_failures),
            "in_flight" => json!(seen.in_flight),
            "window" => {
                let seen = seen.window.as_ref().ok_or("there is no window")?;
                window(seen, expected)?;
                continue;
            }
            "totals" => {
                totals(&seen.totals, expected)?;
                continue;
            }
            _ => return Err(format!("expect: {name} means nothing here")),
        };
        same(&name, &seen, &expected)?;
    }
    Ok(())
}

/// Compares each thing that is named with the rejection.
pub(super) fn rejection(seen: &Rejected, expected: Value) -> Told<()> {
    for (name, expected) in Fields::of(expected)?.rest() {
        let seen = match name.as_str() {
            "reason" => word(&seen.reason()),
            "state" => json!(seen.state().to_string()),
            "retry_after" => millis(seen.retry_after()),
            "forced_because" => json!(seen.forced_because()),
            _ => return Err(format!("rejected: {name} means nothing here")),
        };
        same(&name, &seen, &expected)?;
    }
    Ok(())
}

fn window(seen: &WindowSnapshot, expected: Value) -> Told<()> {
    for (name, expected) in Fields::of(expected)?.rest() {
        let seen = match name.as_str() {
            "calls" => json!(seen.calls),
            "failures" => json!(seen.failures),
            "slow" => json!(seen.slow),
            "slow_in_flight" => json!(seen.slow_in_flight),
            "failure_rate" => json!(seen.failure_rate),
            "slow_call_rate" => json!(seen.slow_call_rate),
            _ => return Err(format!("window: {name} means nothing here")),
        };
        same(&name, &seen, &expected)?;
    }
    Ok(())
}

fn totals(seen: &Totals, expected: Value) -> Told<()> {
    for (name, expected) in Fields::of(expected)?.rest() {
        let seen = match name.as_str() {
            "success" => seen.success,
            "failure" => seen.failure,
            "ignored" => seen.ignored,
            "abandoned" => seen.abandoned,
            "panicked" => seen.panicked,
            "slow" => seen.slow,
            "rejected" => seen.rejected,
            "would_reject" => seen.would_reject,
            "stale" => seen.stale,
            "opened" => seen.opened,
            "half_opened" => seen.half_opened,
            "closed" => seen.closed,
            _ => return Err(format!("totals: {name} means nothing here")),
        };
        same(&name, &json!(seen), &expected)?;
    }
    Ok(())
}

/// Fractions may be written with four places.
fn same(name: &str, seen: &Value, expected: &Value) -> Told<()> {
    let near = match (seen, seen.as_f64(), expected.as_f64()) {
        (Value::Number(number), Some(seen), Some(expected)) if number.is_f64() => {
            (seen - expected).abs() < 0.000_1
        }
        _ => seen == expected,
    };
    if near {
        Ok(())
    } else {
        Err(format!("{name} is {seen}, not {expected}"))
    }
}

/// A cause or a reason as it is written in Rust.
fn word(of: &impl Debug) -> Value {
    json!(format!("{of:?}"))
}

fn millis(time: Option<Duration>) -> Value {
    time.map_or(Value::Null, |time| json!(time.as_secs_f64() * 1_000.0))
}
