//! Schedules that other systems wrote down, as data: every `backoff-*.json` in `tests/scenarios` is
//! waited through. `tests/scenarios/README.md` describes the form of the files.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};
use steadfast_retry::{Backoff, Jitter};

use super::all;

/// A table of the files by their names, read when this is compiled.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../scenarios/", $name)))),*]
    };
}

const FILES: [(&str, &str); 8] = files![
    "backoff-aws-dynamodb.json",
    "backoff-aws-standard.json",
    "backoff-polly-constant.json",
    "backoff-polly-exponential.json",
    "backoff-polly-linear.json",
    "backoff-polly-overflow.json",
    "backoff-polly-smooth-overflow.json",
    "backoff-polly-smooth.json",
];

type Told<T> = Result<T, String>;

#[test]
fn every_backoff_waits_as_its_file_says() {
    let mut failures = Vec::new();
    for (name, text) in FILES {
        let told = serde_json::from_str(text).map_err(|error| error.to_string());
        if let Err(why) = told.and_then(scenario) {
            failures.push(format!("{name}: {why}"));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn the_table_and_the_readme_name_every_file_and_no_other() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let ours = |name: &String| name.starts_with("backoff-") && name.ends_with(".json");
    let mut there: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(ours)
        .collect();
    there.sort();
    assert_eq!(FILES.map(|(name, _)| name.to_owned()).to_vec(), there);
    let readme = fs::read_to_string(directory.join("README.md")).unwrap();
    let words = readme.split('`').map(str::to_owned);
    let mut named: Vec<String> = words.filter(ours).collect();
    named.sort();
    assert_eq!(named, there);
}

#[test]
fn a_scenario_that_is_wrong_or_not_understood_fails() {
    let with = |run: &str| {
        let text = format!(
            r#"{{"says": "a", "source": "b", "backoff": {{"growth": "linear", "base": 1}}, "runs": [{run}]}}"#
        );
        scenario(serde_json::from_str(&text).unwrap())
    };
    assert_eq!(with(r#"{"chance": 1, "waits": [1, 2, 3]}"#), Ok(()));
    for wrong in [
        r#"{"chance": 1, "waits": [1, 2, 3.000000001]}"#,
        r#"{"chance": 1, "places": 4, "waits": [1, 2, 3.0001]}"#,
        r#"{"chance": 1, "after": 1, "waits": [1, 2, 3]}"#,
        r#"{"chance": 1, "waits": ["cap"]}"#,
        r#"{"chance": 1, "waits": []}"#,
        r#"{"chance": 1, "waits": [1], "wait": [2]}"#,
        r#"{"waits": [1]}"#,
        r#"{"seeds": 3, "within_cap": 0}"#,
        "",
    ] {
        assert!(with(wrong).is_err(), "{wrong}");
    }
}

fn scenario(value: Value) -> Told<()> {
    let mut fields = Fields::of(value)?;
    fields.text("says")?;
    fields.text("source")?;
    let backoff = backoff(fields.need("backoff")?)?;
    let runs = fields.list("runs")?;
    fields.done()?;
    for (nth, value) in (1..).zip(runs) {
        run(backoff, value).map_err(|why| format!("run {nth}: {why}"))?;
    }
    Ok(())
}

fn backoff(value: Value) -> Told<Backoff> {
    let mut fields = Fields::of(value)?;
    let growth = fields.text("growth")?;
    let base = seconds(&fields.need("base")?)?;
    let mut growths = all(base).into_iter();
    let mut backoff = growths
        .find(|backoff| backoff.growth().to_string() == growth)
        .ok_or_else(|| format!("growth {growth} means nothing here"))?;
    if let Some(cap) = fields.take("max") {
        backoff = backoff.max(match cap.as_str() {
            Some("longest") => Duration::MAX,
            _ => seconds(&cap)?,
        });
    }
    if let Some(jitter) = fields.take("jitter") {
        backoff = backoff.jitter(match (jitter.as_str(), jitter.as_f64()) {
            (Some("none"), _) => Jitter::None,
            (Some("full"), _) => Jitter::Full,
            (_, Some(share)) => Jitter::Proportional(share),
            _ => return Err(format!("jitter {jitter} means nothing here")),
        });
    }
    fields.done()?;
    Ok(backoff)
}

fn run(backoff: Backoff, value: Value) -> Told<()> {
    let mut fields = Fields::of(value)?;
    if fields.0.contains_key("seeds") {
        let (seeds, count) = (fields.count("seeds")?, fields.count("within_cap")?);
        fields.done()?;
        return within_cap(backoff, seeds, count);
    }
    let chance = number(&fields.need("chance")?)?;
    let after = fields.take("after").map_or(Ok(0), |after| count(&after))?;
    let places = fields.take("places").as_ref().map(count).transpose()?;
    let expected = fields.list("waits")?;
    fields.done()?;
    let mut waits = backoff.waits();
    for _ in 0..after {
        waits.next_with(chance);
    }
    for (retry, expected) in (after..).zip(expected) {
        let expected = match expected.as_str() {
            Some("cap") => backoff.cap(),
            _ => seconds(&expected)?,
        };
        let wait = waits.next_with(chance);
        if wait.abs_diff(expected) > tolerance(places) {
            return Err(format!("{wait:?} before retry {retry}, not {expected:?}"));
        }
    }
    Ok(())
}

/// Half a unit of the last of so many decimal places; nothing where a number is written out in full.
fn tolerance(places: Option<u64>) -> Duration {
    places.map_or(Duration::ZERO, |places| {
        let unit = (0..places).fold(1.0, |unit, _| unit / 10.0);
        Duration::from_secs_f64(unit / 2.0)
    })
}

fn within_cap(backoff: Backoff, seeds: u64, count: u64) -> Told<()> {
    if seeds == 0 || count == 0 {
        return Err("nothing to draw".to_owned());
    }
    for seed in 0..seeds {
        for (retry, wait) in (0..count).zip(backoff.waits_seeded(seed)) {
            if wait.is_zero() || wait > backoff.cap() {
                return Err(format!("{wait:?} before retry {retry}, seed {seed}"));
            }
        }
    }
    Ok(())
}

fn number(value: &Value) -> Told<f64> {
    (value.as_f64()).ok_or_else(|| format!("{value} is no number"))
}

fn count(value: &Value) -> Told<u64> {
    (value.as_u64()).ok_or_else(|| format!("{value} is no count"))
}

fn seconds(value: &Value) -> Told<Duration> {
    Duration::try_from_secs_f64(number(value)?).map_err(|error| format!("{value}: {error}"))
}

/// An object of which every field has to be asked for, so that a typing mistake turns no expectation
/// into nothing.
struct Fields(Map<String, Value>);

impl Fields {
    fn of(value: Value) -> Told<Self> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            other => Err(format!("{other} is no object")),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    fn need(&mut self, name: &str) -> Told<Value> {
        (self.take(name)).ok_or_else(|| format!("{name} is missing"))
    }

    fn text(&mut self, name: &str) -> Told<String> {
        match self.need(name)? {
            Value::String(text) => Ok(text),
            other => Err(format!("{name}: {other} is no text")),
        }
    }

    fn count(&mut self, name: &str) -> Told<u64> {
        count(&self.need(name)?)
    }

    /// At least one value.
    fn list(&mut self, name: &str) -> Told<Vec<Value>> {
        match self.need(name)? {
            Value::Array(list) if !list.is_empty() => Ok(list),
            other => Err(format!("{name}: {other} is no list of anything")),
        }
    }

    fn done(self) -> Told<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(format!("{name} means nothing here")),
        }
    }
}
