//! A breaker and the model of it, given the same things to do and compared after each of them.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::test_runner::TestCaseError;
use steadfast_breaker::{
    CircuitBreaker, Config, Mode, ModeChange, Observer, Permit, Rejected, Transition,
};

use crate::history::{History, Op};
use crate::model::{Ending, Heard, HeardMode, Model, Refusal, Seen, nanos};

pub(crate) struct SideBySide {
    pub(crate) breaker: CircuitBreaker,
    pub(crate) model: Model,
    /// The calls that have not ended: the permit, and the model's number.
    pub(crate) out: Vec<(Permit, usize)>,
    heard: Option<Arc<Ear>>,
}

/// Writes down what the breaker tells its observers.
#[derive(Default)]
struct Ear {
    hears: bool,
    transitions: Mutex<Vec<Heard>>,
    rejected: Mutex<u64>,
    would_reject: Mutex<u64>,
    modes: Mutex<Vec<HeardMode>>,
}

impl Observer for Ear {
    fn transition(&self, step: &Transition) {
        let heard = (step.from, step.to, step.cause, step.generation);
        self.transitions.lock().unwrap().push(heard);
    }

    fn rejected(&self, _: &Rejected) {
        *self.rejected.lock().unwrap() += 1;
    }

    fn would_reject(&self, _: &Rejected) {
        *self.would_reject.lock().unwrap() += 1;
    }

    fn mode_changed(&self, change: &ModeChange) {
        let reason = change.reason.as_deref().map(str::to_owned);
        let heard = (change.from, change.to, reason, change.expires_in);
        self.modes.lock().unwrap().push(heard);
    }

    fn hears_rejections(&self) -> bool {
        self.hears
    }
}

impl Ear {
    fn compare(&self, model: &Model, seen: &Seen) -> Result<(), String> {
        let transitions = self.transitions.lock().unwrap();
        differ("transitions heard", &*transitions, &model.transitions())?;
        let modes = self.modes.lock().unwrap();
        differ("modes heard", &*modes, model.modes())?;
        if self.hears {
            let rejected = *self.rejected.lock().unwrap();
            differ("rejections heard", rejected, seen.totals.rejected)?;
            let would_reject = *self.would_reject.lock().unwrap();
            differ(
                "shadow rejections heard",
                would_reject,
                seen.totals.would_reject,
            )?;
        }
        Ok(())
    }
}

impl SideBySide {
    fn new(config: &Config, hears: Option<bool>) -> Self {
        let ear = |hears| {
            Arc::new(Ear {
                hears,
                ..Ear::default()
            })
        };
        let heard = hears.map(ear);
        let mut builder = CircuitBreaker::builder("model").config(config.clone());
        if let Some(ear) = &heard {
            builder = builder.observer(Arc::clone(ear));
        }
        Self {
            breaker: builder.build().unwrap(),
            model: Model::new(config.clone()),
            out: Vec::new(),
            heard,
        }
    }

    /// Lives through the whole history; an error says where the two part.
    pub(crate) async fn live(history: &History) -> Result<Self, TestCaseError> {
        let mut pair = Self::new(&history.config, history.hears);
        for (nth, (op, unseen)) in history.ops.iter().enumerate() {
            let at = |what: String| TestCaseError::fail(format!("step {nth}: {what}"));
            pair.apply(op).await.map_err(at)?;
            if !unseen {
                pair.compare().map_err(at)?;
            }
        }
        let at_the_end = |what| TestCaseError::fail(format!("at the end: {what}"));
        pair.compare().map_err(at_the_end)?;
        Ok(pair)
    }

    pub(crate) async fn apply(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Call => self.call()?,
            Op::End(..) if self.out.is_empty() => {}
            Op::End(nth, ending) => {
                let (permit, call) = self.out.swap_remove(nth % self.out.len());
                end(permit, *ending);
                self.model.end(call, *ending);
            }
            Op::Observe(outcome, took) => {
                self.breaker.observe(*outcome, *took);
                self.model.observe(*outcome, nanos(*took));
            }
            Op::Wait(time) => self.wait(*time).await,
            Op::WaitForEdge { nth, stop_short } => {
                let edges = self.model.edges();
                if !edges.is_empty() {
                    let edge = edges[nth % edges.len()] - u64::from(*stop_short);
                    self.wait(Duration::from_nanos(edge - self.model.now()))
                        .await;
                }
            }
            Op::SetMode(mode, lasts) => self.set_mode(*mode, *lasts),
            Op::Reset => {
                self.breaker.reset();
                self.model.reset();
            }
            Op::Reconfigure(config) => {
                let config = Config::clone(config);
                let answer = self.breaker.reconfigure(config.clone());
                answer.map_err(|error| error.to_string())?;
                self.model.reconfigure(config);
            }
            Op::Misconfigure => {
                let mut config = Config::default();
                config.open_for = Duration::from_secs(77);
                config.max_probes = 0;
                config.failure_rate = Some(1.5);
                let error = self.breaker.reconfigure(config).err();
                let error = error.ok_or("two bad fields were accepted")?;
                let fields = error.fields().iter().map(|field| field.field);
                differ(
                    "bad fields",
                    fields.collect(),
                    vec!["failure_rate", "max_probes"],
                )?;
            }
        }
        Ok(())
    }

    /// Asks both for a call; whoever lets it through keeps it.
    pub(crate) fn call(&mut self) -> Result<(), String> {
        let answer = self.breaker.try_acquire();
        let shadowed = self.breaker.snapshot().totals.would_reject;
        let lets_pass = answer.is_ok() && shadowed == self.model.would_reject();
        let expected = self.model.call(lets_pass);
        match (answer, expected) {
            (Ok(permit), Ok(call)) => self.out.push((permit, call)),
            (Err(rejected), Err(refusal)) => {
                let rejected = Refusal {
                    reason: rejected.reason(),
                    state: rejected.state(),
                    retry_after: rejected.retry_after(),
                    forced_because: rejected.forced_because().map(str::to_owned),
                };
                differ("rejection", rejected, refusal)?;
            }
            (Ok(_), Err(refusal)) => return Err(format!("let through, not {refusal:?}")),
            (Err(rejected), Ok(_)) => return Err(format!("not let through: {rejected}")),
        }
        Ok(())
    }

    pub(crate) async fn wait(&mut self, time: Duration) {
        tokio::time::advance(time).await;
        self.model.advance(nanos(time));
    }

    pub(crate) fn set_mode(&mut self, mode: Mode, lasts: Option<Duration>) {
        let reason = format!("{mode} at {}", self.model.now());
        match lasts {
            Some(lasts) => self.breaker.set_mode_for(mode, reason.as_str(), lasts),
            None => self.breaker.set_mode(mode, reason.as_str()),
        }
        self.model.set_mode(mode, &reason, lasts.map(nanos));
    }

    pub(crate) fn compare(&mut self) -> Result<(), String> {
        let mode = self.breaker.mode();
        let (breaker, model) = (Seen::from(self.breaker.snapshot()), self.model.look());
        differ("mode()", mode, model.mode)?;
        differ("state()", self.breaker.state(), model.state)?;
        differ("config", &self.breaker.config(), self.model.config())?;
        differ("totals", breaker.totals, model.totals)?;
        differ("window", &breaker.window, &model.window)?;
        if let Some(ear) = &self.heard {
            ear.compare(&self.model, &model)?;
        }
        differ("snapshot", breaker, model)
    }
}

fn end(permit: Permit, ending: Ending) {
    match ending {
        Ending::Told(outcome) => permit.record(outcome),
        Ending::Dropped => drop(permit),
        Ending::Panicked => {
            // Unwinds like a panic, without the message of one.
            let unwound = catch_unwind(AssertUnwindSafe(|| {
                let _permit = permit;
                resume_unwind(Box::new("the operation panicked"));
            }));
            assert!(unwound.is_err());
        }
    }
}

/// An error that shows the lines in which the two differ.
fn differ<T: PartialEq + Debug>(what: &str, breaker: T, model: T) -> Result<(), String> {
    if breaker == model {
        return Ok(());
    }
    let (breaker, model) = (format!("{breaker:#?}"), format!("{model:#?}"));
    let mut why = format!("{what} differs");
    let (mut ours, mut theirs) = (breaker.lines(), model.lines());
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return Err(why),
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => {
                let [ours, theirs] = [ours, theirs].map(|line| line.unwrap_or("").trim());
                why.push_str(&format!("\n  breaker: {ours:40} model: {theirs}"));
            }
        }
    }
}
