//! Living through a scenario.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::join;
use serde_json::{Value, json};
use steadfast_retry::{Budget, Hedge, HedgeTotals};
use tokio::time::{sleep_until, timeout};

use super::super::adds_up;
use super::super::script::{Gives, Line, NEVER, Script, judge};
use super::fields::{Fields, Told};
use crate::{ms, now};

pub(super) fn scenario(value: Value) -> Told<()> {
    let mut told = Fields::of(value)?;
    told.text("says")?;
    told.text("source")?;
    let hedge = build(told.object("hedge")?)?;
    let lines: Told<Vec<Line>> = told.list("attempts")?.into_iter().map(line).collect();
    let lines = lines?;
    let drop_at = told.count("dropped_at")?;
    let expected = told.object("expect")?;
    told.done()?;
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(live(hedge, lines, drop_at, expected))
}

fn build(mut told: Fields) -> Told<Hedge> {
    let mut builder = Hedge::builder("scenario");
    if let Some(delay) = told.count("delay")? {
        builder = builder.delay(ms(delay));
    } else if told.flag("on_failure_only")? {
        builder = builder.on_failure_only();
    } else {
        return Err("when are hedges sent?".to_owned());
    }
    if let Some(hedges) = told.count("max_hedges")? {
        builder = builder.max_hedges(hedges as u32);
    }
    builder = builder.hedge_failures(told.flag("hedge_failures")?);
    builder = match told.count("budget")? {
        None => builder.unbudgeted(),
        Some(hedges) => {
            let budget = Budget::builder("scenario")
                .share(0.0)
                .min_per_second(hedges as f64 / 10.0)
                .build();
            builder.budget(budget.unwrap())
        }
    };
    told.done()?;
    builder.build().map_err(|error| error.to_string())
}

fn line(told: Value) -> Told<Line> {
    if told == "never" {
        return Ok(NEVER);
    }
    let mut told = Fields::of(told)?;
    let after = told.count("after")?.ok_or("after what time?")?;
    let gives = match told.count("retry_after")? {
        Some(hint) => Gives::RetryAfter(hint),
        None => match told.text("gives")?.as_str() {
            "ok" => Gives::Ok,
            "err" => Gives::Err,
            "rejected" => Gives::Rejected,
            "stop" => Gives::Stop,
            "panic" => Gives::Panic,
            other => return Err(format!("an attempt cannot give {other}")),
        },
    };
    told.done()?;
    Ok(gives.after(after))
}

async fn live(
    hedge: Hedge,
    lines: Vec<Line>,
    drop_at: Option<u64>,
    mut expected: Fields,
) -> Told<()> {
    let script = Script::new(&lines);
    let call = hedge
        .classify(judge)
        .call(|attempt| script.attempt(attempt));
    let limit = ms(drop_at.unwrap_or(3_600_000));
    let call = async {
        let mut call = Box::pin(AssertUnwindSafe(call).catch_unwind());
        let answer = timeout(limit, call.as_mut()).await;
        if answer.is_err() {
            drop(call);
        }
        // Else before the future is dropped: whatever lost must be gone by now.
        let left = (script.running(), script.values());
        (answer, script.time(), left)
    };
    let (probes, looks) = probes(expected.take("in_flight"))?;
    let ((answer, ended_at, left), seen) = join(call, look(&script, looks)).await;
    let values = usize::from(matches!(answer, Ok(Ok(_))));
    let end = match answer {
        Err(_) if drop_at.is_none() => return Err("the call did not end".to_owned()),
        Err(_) => "dropped".to_owned(),
        Ok(Err(_)) => "panic".to_owned(),
        Ok(Ok(Ok(value))) => format!("ok {}", value.number),
        Ok(Ok(Err(value))) => format!("err {}", value.number),
    };
    same(
        "left when the call returned",
        json!([0, values]),
        json!([left.0, left.1]),
    )?;
    same("in_flight", probes, seen)?;
    same("begun", expected.need("begun")?, json!(script.begun()))?;
    same("ended_at", expected.need("ended_at")?, json!(ended_at))?;
    same("end", expected.need("end")?, json!(end))?;
    let snapshot = hedge.snapshot();
    adds_up(&snapshot, 0);
    totals(expected.object("totals")?, snapshot.totals)?;
    expected.done()
}

/// The times at which to count what is running, from `{"1": 1, "501": 2}`.
fn probes(told: Option<Value>) -> Told<(Value, Vec<u64>)> {
    let told = told.unwrap_or_else(|| json!({}));
    let times: Result<Vec<u64>, _> = Fields::of(told.clone())?
        .rest()
        .map(|(time, _)| time.parse::<u64>())
        .collect();
    let mut times = times.map_err(|error| format!("in_flight: {error}"))?;
    times.sort_unstable();
    Ok((told, times))
}

async fn look(script: &Script, times: Vec<u64>) -> Value {
    let start = now();
    let mut seen = json!({});
    for time in times {
        sleep_until(start + ms(time)).await;
        seen[time.to_string()] = json!(script.running());
    }
    seen
}

/// Every count that is not named must be zero.
fn totals(mut told: Fields, totals: HedgeTotals) -> Told<()> {
    let counts = [
        ("calls", totals.calls),
        ("primary_won", totals.primary_won),
        ("hedge_won", totals.hedge_won),
        ("failed", totals.failed),
        ("abandoned", totals.abandoned),
        ("panicked", totals.panicked),
        ("sent", totals.sent),
        ("won", totals.won),
        ("wasted", totals.wasted),
        ("suppressed_budget", totals.suppressed_budget),
        ("observer_panics", totals.observer_panics),
    ];
    for (name, count) in counts {
        same(name, json!(told.count(name)?.unwrap_or(0)), json!(count))?;
    }
    told.done()
}

fn same(what: &str, expected: Value, found: Value) -> Told<()> {
    if expected == found {
        return Ok(());
    }
    Err(format!("{what}: expected {expected}, found {found}"))
}
