//! How a shutdown went.

use std::fmt;
use std::time::Duration;

/// How a shutdown went, step by step.
///
/// `Display` has a line for each step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// How long it might take.
    pub grace: Duration,
    /// How long it took.
    pub took: Duration,
    /// The steps, in the order in which they were done. Empty if the runtime ended under it.
    pub steps: Vec<Step>,
}

/// One step of a shutdown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Its name: `readiness`, `intake`, `bulkheads`, `amqp`, `http`, `tasks`, `telemetry`.
    pub name: &'static str,
    /// How long it took.
    pub took: Duration,
    /// What was cut off, one line each. Empty if everything could finish.
    pub unfinished: Vec<String>,
}

impl ShutdownReport {
    pub(super) fn aborted() -> Self {
        Self {
            grace: Duration::ZERO,
            took: Duration::ZERO,
            steps: Vec::new(),
        }
    }

    /// Whether everything could finish.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| step.unfinished.is_empty())
    }

    /// What was cut off, with the name of the step before it.
    pub fn unfinished(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.steps.iter().flat_map(|step| {
            let lines = step.unfinished.iter();
            lines.map(|line| (step.name, line.as_str()))
        })
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grace, took, steps } = self;
        write!(f, "shut down in {took:.1?} of {grace:?}")?;
        for step in steps {
            write!(f, "\n  {step}")?;
        }
        if steps.is_empty() {
            f.write_str(": aborted")?;
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:.1?}", self.name, self.took)?;
        for line in &self.unfinished {
            write!(f, "; {line}")?;
        }
        Ok(())
    }
}
