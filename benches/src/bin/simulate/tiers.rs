//! The table of retries at three tiers.

use std::time::Duration;

use steadfast_benches::simulation::tiers::{Retries, run};
use steadfast_benches::simulation::{Failure, Outcome};

use crate::table::Table;

/// How long calls are sent: about 10,000 calls.
const LENGTH: Duration = Duration::from_secs(100);

/// The bottom that fails every second time, and the one that always does.
const PROBABILITIES: [f64; 2] = [0.5, 1.0];

/// What came of each way to retry, at each probability.
pub(crate) struct Findings {
    outcomes: Vec<(Retries, [Outcome; 2])>,
}

impl Findings {
    pub(crate) fn run() -> Result<Self, Failure> {
        let row = |retries| {
            let [half, whole] = PROBABILITIES.map(|p| run(retries, p, LENGTH));
            Ok((retries, [half?, whole?]))
        };
        let outcomes = Retries::ALL
            .into_iter()
            .map(row)
            .collect::<Result<_, Failure>>()?;
        Ok(Self { outcomes })
    }

    pub(crate) fn tables(&self) -> Vec<(&'static str, Table)> {
        let mut table = Table::new([
            "retries",
            "load at p = 0.5",
            "success at p = 0.5",
            "load at p = 1",
        ]);
        for (retries, [half, whole]) in &self.outcomes {
            table.row([
                retries.to_string(),
                format!("{:.2}", half.load()),
                format!("{:.3}", half.success()),
                format!("{:.2}", whole.load()),
            ]);
        }
        vec![("tiers", table)]
    }

    pub(crate) fn csv(&self) -> String {
        let mut table = Table::new([
            "retries",
            "probability",
            "calls",
            "succeeded",
            "requests",
            "success",
            "load",
        ]);
        for (retries, outcomes) in &self.outcomes {
            for (p, outcome) in PROBABILITIES.iter().zip(outcomes) {
                table.row([
                    retries.to_string(),
                    p.to_string(),
                    outcome.calls.to_string(),
                    outcome.succeeded.to_string(),
                    outcome.requests.to_string(),
                    format!("{:.4}", outcome.success()),
                    format!("{:.4}", outcome.load()),
                ]);
            }
        }
        table.csv()
    }
}
