//! Living through a scenario.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use serde_json::Value;
use steadfast_breaker::{CircuitBreaker, Config, Mode, Outcome, Permit};

use super::fields::{Fields, Told};
use super::{config, expect};

pub(super) fn scenario(value: Value) -> Told<()> {
    let mut told = Fields::of(value)?;
    for needed in ["says", "source"] {
        told.text(needed)?
            .ok_or_else(|| format!("{needed} is missing"))?;
    }
    let mut config = Config::default();
    config::change(&mut config, told.take("config").ok_or("no config")?)?;
    let refused = told.take("refused");
    let steps = told.take("steps");
    told.done()?;
    let built = CircuitBreaker::builder("scenario").config(config).build();
    match (built, refused, steps) {
        (Ok(breaker), None, Some(Value::Array(steps))) => {
            tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap()
                .block_on(Run::new(breaker).live(steps))
        }
        (Err(error), Some(refused), None) => {
            let fields: Vec<_> = error.fields().iter().map(|field| field.field).collect();
            match serde_json::json!(fields) == refused {
                true => Ok(()),
                false => Err(format!("refused for {fields:?}, not for {refused}")),
            }
        }
        (Ok(_), Some(_), _) => Err("the configuration was not refused".to_owned()),
        (Err(error), ..) => Err(error.to_string()),
        (Ok(_), None, _) => Err("no steps".to_owned()),
    }
}

struct Run {
    breaker: CircuitBreaker,
    /// Time since the breaker was built.
    now: Duration,
    /// The calls in flight, by the names the scenario gives them.
    out: HashMap<String, Permit>,
}

impl Run {
    fn new(breaker: CircuitBreaker) -> Self {
        Self {
            breaker,
            now: Duration::ZERO,
            out: HashMap::new(),
        }
    }

    async fn live(mut self, steps: Vec<Value>) -> Told<()> {
        for (nth, step) in steps.into_iter().enumerate() {
            let told = step.to_string();
            let lived = self.step(Fields::of(step)?).await;
            lived.map_err(|why| format!("step {nth}, {told}: {why}"))?;
        }
        Ok(())
    }

    async fn step(&mut self, mut step: Fields) -> Told<()> {
        if let Some(at) = step.time("at")? {
            let wait = at.checked_sub(self.now).ok_or("time goes backwards")?;
            self.wait(wait).await;
        }
        if let Some(wait) = step.time("after")? {
            self.wait(wait).await;
        }
        let took = step.time("took")?.unwrap_or_default();
        let times = step.count("times")?.unwrap_or(1);
        if let Some(calls) = step.text("calls")? {
            for letter in calls.repeat(times as usize).chars() {
                let permit = self.begin()?;
                self.wait(took).await;
                end(permit, letter)?;
            }
        }
        if let Some(seen) = step.text("observe")? {
            for letter in seen.repeat(times as usize).chars() {
                let outcome = outcome(letter).ok_or("observe takes S, F and I")?;
                self.breaker.observe(outcome, took);
            }
        }
        if let Some(name) = step.text("begin")? {
            let permit = self.begin()?;
            self.out.insert(name, permit);
        }
        if let Some(name) = step.text("end")? {
            let permit = self.out.remove(&name).ok_or("no such call")?;
            let how = step.text("as")?.ok_or("how does it end?")?;
            end(permit, how.chars().next().unwrap_or(' '))?;
        }
        if let Some(expected) = step.take("rejected") {
            for _ in 0..times {
                let rejected = self.breaker.try_acquire().err().ok_or("let through")?;
                expect::rejection(&rejected, expected.clone())?;
            }
        }
        self.operate(&mut step)?;
        if let Some(expected) = step.take("expect") {
            expect::snapshot(&self.breaker.snapshot(), expected)?;
        }
        step.done()
    }

    /// What an operator does.
    fn operate(&self, step: &mut Fields) -> Told<()> {
        if let Some(name) = step.text("mode")? {
            let mode = mode(&name).ok_or("no such mode")?;
            let because = step.text("because")?.unwrap_or_default();
            match step.time("lasts")? {
                Some(lasts) => self.breaker.set_mode_for(mode, because, lasts),
                None => self.breaker.set_mode(mode, because),
            }
        }
        if step.take("reset").is_some() {
            self.breaker.reset();
        }
        if let Some(changes) = step.take("reconfigure") {
            let mut config = self.breaker.config();
            config::change(&mut config, changes)?;
            let answer = self.breaker.reconfigure(config);
            answer.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn begin(&self) -> Told<Permit> {
        self.breaker.try_acquire().map_err(|why| why.to_string())
    }

    async fn wait(&mut self, time: Duration) {
        tokio::time::advance(time).await;
        self.now += time;
    }
}

fn outcome(letter: char) -> Option<Outcome> {
    match letter {
        'S' => Some(Outcome::Success),
        'F' => Some(Outcome::Failure),
        'I' => Some(Outcome::Ignored),
        _ => None,
    }
}

fn end(permit: Permit, letter: char) -> Told<()> {
    match (letter, outcome(letter)) {
        (_, Some(outcome)) => permit.record(outcome),
        ('D', _) => drop(permit),
        ('P', _) => {
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let _permit = permit;
                resume_unwind(Box::new("the operation panicked"));
            }));
            assert!(unwound.is_err());
        }
        _ => return Err(format!("a call cannot end as {letter}")),
    }
    Ok(())
}

fn mode(name: &str) -> Option<Mode> {
    [
        Mode::Automatic,
        Mode::ForcedOpen,
        Mode::ForcedClosed,
        Mode::Disabled,
        Mode::Shadow,
    ]
    .into_iter()
    .find(|mode| mode.to_string() == name)
}
