//! Goes through `tests/scenarios/budget-*.json`, whose README explains the form.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};
use steadfast_retry::{Budget, BudgetBuilder, Extra};
use tokio::time::advance;

type Told<T> = Result<T, String>;

#[tokio::test(start_paused = true)]
async fn every_scenario_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut cases = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !(name.starts_with("budget-") && name.ends_with(".json")) {
            continue;
        }
        let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let keys: Vec<_> = file.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["cases", "says", "source"], "{name}");
        for (nth, case) in file["cases"].as_array().unwrap().iter().enumerate() {
            if let Err(wrong) = run(case).await {
                panic!("{name}, case {nth}: {wrong}");
            }
            cases += 1;
        }
    }
    assert_eq!(
        cases, 25,
        "a scenario is missing, or has no part in this number yet"
    );
}

async fn run(case: &Value) -> Told<()> {
    let mut case = Fields::of(case)?;
    let builder = configured(&case.need("config")?)?;
    let refused = case.take("refused");
    let steps = case.take("steps");
    case.end()?;
    match (builder.build(), refused, steps) {
        (Ok(budget), None, Some(Value::Array(steps))) => {
            let begin = crate::now();
            for (nth, step) in steps.iter().enumerate() {
                live(&budget, begin, step)
                    .await
                    .map_err(|wrong| format!("step {nth}: {wrong}"))?;
            }
            Ok(())
        }
        (Err(error), Some(refused), None) => {
            let fields: Vec<_> = error.fields().iter().map(|broken| broken.field).collect();
            same("refused", &Value::from(fields), &refused)
        }
        (built, ..) => Err(format!("neither as refused nor as steps: {built:?}")),
    }
}

fn configured(config: &Value) -> Told<BudgetBuilder> {
    let mut config = Fields::of(config)?;
    let mut number = |name| {
        config
            .need(name)?
            .as_f64()
            .ok_or(format!("{name} is no number"))
    };
    let builder = Budget::builder("scenario")
        .share(number("share")?)
        .min_per_second(number("min_per_second")?)
        .window(Duration::from_secs_f64(number("window")? / 1_000.0));
    config.end()?;
    Ok(builder)
}

async fn live(budget: &Budget, begin: tokio::time::Instant, step: &Value) -> Told<()> {
    let mut step = Fields::of(step)?;
    if let Some(at) = step.count("at")? {
        let until = begin + Duration::from_millis(at);
        advance(until.duration_since(crate::now())).await;
    }
    let calls = step.count("calls")?;
    let tries = step.count("tries")?;
    let mut granted = 0_u64;
    for call in 0..calls.unwrap_or(1) {
        if calls.is_some() {
            budget.record_call();
        }
        for _ in 0..tries.unwrap_or(0) {
            match budget.try_acquire(Extra::Retry) {
                Ok(permit) => {
                    permit.spend();
                    granted += 1;
                }
                Err(spent) if budget.snapshot().tokens >= 1.0 => {
                    return Err(format!("call {call}: {spent}, with some left"));
                }
                Err(_) => {}
            }
        }
    }
    match (tries, step.count("granted")?) {
        (None, None) => {}
        (Some(_), Some(expected)) => {
            let within = step.count("within")?.unwrap_or(0);
            if granted.abs_diff(expected) > within {
                return Err(format!("granted {granted} instead of {expected}"));
            }
        }
        _ => return Err("tries and granted belong together".to_owned()),
    }
    if let Some(expected) = step.take("expect") {
        let seen = budget.snapshot();
        let mut expected = Fields::of(&expected)?;
        for (name, seen) in [
            ("calls", seen.calls as f64),
            ("spent", seen.spent as f64),
            ("tokens", seen.tokens),
        ] {
            if let Some(expected) = expected.take(name) {
                let expected = expected.as_f64().ok_or(format!("{name} is no number"))?;
                same(name, &seen.into(), &expected.into())?;
            }
        }
        expected.end()?;
    }
    step.end()
}

fn same(name: &str, seen: &Value, expected: &Value) -> Told<()> {
    if seen == expected {
        Ok(())
    } else {
        Err(format!("{name} is {seen} instead of {expected}"))
    }
}

/// An object of which nothing may be left over.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(value: &Value) -> Told<Self> {
        let map = value.as_object().ok_or(format!("{value} is no object"))?;
        Ok(Self(map.clone()))
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    fn need(&mut self, name: &str) -> Told<Value> {
        self.take(name).ok_or(format!("no {name}"))
    }

    fn count(&mut self, name: &str) -> Told<Option<u64>> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let count = value
            .as_u64()
            .ok_or(format!("{name} = {value} is no count"))?;
        Ok(Some(count))
    }

    fn end(self) -> Told<()> {
        match self.0.keys().next() {
            Some(name) => Err(format!("{name} means nothing here")),
            None => Ok(()),
        }
    }
}
