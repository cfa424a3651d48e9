//! The tables and the plot of the server that fails at random.

use std::time::Duration;

use steadfast_benches::simulation::failing::{CLIENTS, PROBABILITIES, RATE, run};
use steadfast_benches::simulation::{Failure, Outcome, Policy};

use crate::plot::{Figure, LOOKS, Line, Panel};
use crate::table::Table;

/// How long calls are sent: about 100,000 calls for each probability and policy.
const LENGTH: Duration = Duration::from_secs(100);

/// What came of each policy, at each probability.
pub(crate) struct Findings {
    outcomes: Vec<(f64, Vec<Outcome>)>,
}

impl Findings {
    pub(crate) fn run() -> Result<Self, Failure> {
        let row = |probability| {
            let outcomes = Policy::ALL.map(|policy| run(policy, probability, LENGTH));
            Ok((probability, outcomes.into_iter().collect::<Result<_, _>>()?))
        };
        let outcomes = PROBABILITIES
            .into_iter()
            .map(row)
            .collect::<Result<_, Failure>>()?;
        Ok(Self { outcomes })
    }

    pub(crate) fn tables(&self) -> Vec<(&'static str, Table)> {
        let heading = || {
            Table::new([
                "p",
                "no retry",
                "expected",
                "three retries",
                "expected",
                "+ budget each",
                "+ shared budget",
            ])
        };
        let (mut success, mut load) = (heading(), heading());
        for (p, outcomes) in &self.outcomes {
            let none = (1.0 - p, 1.0);
            let three = (1.0 - p.powi(4), 1.0 + p + p.powi(2) + p.powi(3));
            let row = |measured: fn(&Outcome) -> f64, expected: [f64; 2]| {
                let mut figures: Vec<_> = outcomes.iter().map(measured).collect();
                figures.insert(1, expected[0]);
                figures.insert(3, expected[1]);
                let figures = figures.into_iter().map(|figure| format!("{figure:.3}"));
                [p.to_string()]
                    .into_iter()
                    .chain(figures)
                    .collect::<Vec<_>>()
            };
            success.row(row(Outcome::success, [none.0, three.0]));
            load.row(row(Outcome::load, [none.1, three.1]));
        }
        vec![("failing success", success), ("failing load", load)]
    }

    pub(crate) fn csv(&self) -> String {
        let mut table = Table::new([
            "probability",
            "policy",
            "calls",
            "succeeded",
            "requests",
            "success",
            "load",
            "load_bound",
        ]);
        for (p, outcomes) in &self.outcomes {
            for (policy, outcome) in Policy::ALL.iter().zip(outcomes) {
                let bound = policy
                    .bound(CLIENTS, RATE)
                    .map(|bound| format!("{bound:.3}"));
                table.row([
                    p.to_string(),
                    policy.to_string(),
                    outcome.calls.to_string(),
                    outcome.succeeded.to_string(),
                    outcome.requests.to_string(),
                    format!("{:.4}", outcome.success()),
                    format!("{:.4}", outcome.load()),
                    bound.unwrap_or_default(),
                ]);
            }
        }
        table.csv()
    }

    pub(crate) fn plot(&self) -> Result<String, Failure> {
        let lines = |figure: fn(&Outcome) -> f64| {
            let line = |(number, look)| Line {
                look,
                points: (self.outcomes.iter())
                    .map(|(p, outcomes)| (*p, figure(&outcomes[number])))
                    .collect(),
            };
            LOOKS.into_iter().enumerate().map(line).collect()
        };
        let x = "probability that a request fails";
        let bound = Policy::OwnBudget.bound(CLIENTS, RATE);
        Figure {
            size: (960, 460),
            labels: Policy::ALL
                .iter()
                .zip(LOOKS)
                .map(|(policy, look)| (policy.to_string(), look))
                .collect(),
            panels: vec![
                Panel {
                    title: "Calls that succeed",
                    x,
                    y: "share of the calls",
                    x_range: 0.0..1.0,
                    y_range: 0.0..1.0,
                    lines: lines(Outcome::success),
                    marks: true,
                    ..Panel::default()
                },
                Panel {
                    title: "Load on the server",
                    x,
                    y: "requests for each call",
                    x_range: 0.0..1.0,
                    y_range: 0.0..4.0,
                    lines: lines(Outcome::load),
                    marks: true,
                    level: bound.map(|bound| (bound, "1 + share + floor = 1.3")),
                    ..Panel::default()
                },
            ],
            columns: 2,
        }
        .draw()
    }
}
