//! The table and the plot of the server that a spike pushes over.

use steadfast_benches::simulation::metastable::{
    SECONDS, SPIKE, Second, TIMEOUT, before_spike, goodput, last_third, recovered_after, run,
};
use steadfast_benches::simulation::{Failure, Policy};

use crate::plot::{Figure, LOOKS, Line, Panel};
use crate::table::{Table, percent, seconds};

/// The policies that the plot compares; the last of all is only in the table.
const PLOTTED: usize = 3;

/// How many seconds a point of the plot is the mean of.
const MEAN_OF: usize = 3;

/// What happened, second by second, with each policy.
pub(crate) struct Findings {
    runs: Vec<(Policy, Vec<Second>)>,
}

impl Findings {
    pub(crate) fn run() -> Result<Self, Failure> {
        let runs = Policy::ALL.map(|policy| Ok((policy, run(policy)?)));
        let runs = runs.into_iter().collect::<Result<_, Failure>>()?;
        Ok(Self { runs })
    }

    pub(crate) fn tables(&self) -> Vec<(&'static str, Table)> {
        let mut table = Table::new([
            "policy",
            "goodput before",
            "goodput at the end",
            "requests a second",
            "latency",
            "served again after",
        ]);
        for (policy, run) in &self.runs {
            let end = last_third(run);
            let requests: u64 = end.iter().map(|second| second.requests).sum();
            let latency = Second::sum(end).latency();
            table.row([
                policy.to_string(),
                percent(goodput(before_spike(run))),
                percent(goodput(end)),
                format!("{:.0}", requests as f64 / end.len() as f64),
                latency.map_or_else(String::new, seconds),
                recovered_after(run)
                    .map_or_else(|| "never".to_owned(), |after| format!("{after} s")),
            ]);
        }
        vec![("metastable", table)]
    }

    pub(crate) fn csv(&self) -> String {
        let mut table = Table::new([
            "second",
            "policy",
            "offered",
            "answered",
            "requests",
            "latency_ms",
        ]);
        for (policy, run) in &self.runs {
            for (number, second) in run.iter().enumerate() {
                let latency = second
                    .latency()
                    .map(|latency| latency.as_millis().to_string());
                table.row([
                    number.to_string(),
                    policy.to_string(),
                    second.offered.to_string(),
                    second.answered.to_string(),
                    second.requests.to_string(),
                    latency.unwrap_or_default(),
                ]);
            }
        }
        table.csv()
    }

    pub(crate) fn plot(&self) -> Result<String, Failure> {
        let runs = &self.runs[..PLOTTED];
        let lines = |figure: &dyn Fn(&Second) -> Option<f64>| {
            let line = |((_, run), look): (&(Policy, Vec<Second>), _)| Line {
                look,
                points: (run.chunks(MEAN_OF).enumerate())
                    .filter_map(|(number, chunk)| {
                        let middle = (number * MEAN_OF) as f64 + chunk.len() as f64 / 2.0;
                        Some((middle, figure(&Second::sum(chunk))?))
                    })
                    .collect(),
            };
            runs.iter().zip(LOOKS).map(line).collect()
        };
        let panel = Panel {
            x: "seconds",
            x_range: 0.0..SECONDS as f64,
            shaded: Some((SPIKE.0 as f64..SPIKE.1 as f64, "spike")),
            ..Panel::default()
        };
        let each_second = |count| Some(count as f64 / MEAN_OF as f64);
        Figure {
            size: (960, 1000),
            labels: runs
                .iter()
                .zip(LOOKS)
                .map(|((policy, _), look)| (policy.to_string(), look))
                .collect(),
            panels: vec![
                Panel {
                    title: "Goodput",
                    y: "calls answered a second",
                    y_range: 0.0..80.0,
                    lines: lines(&|sum| each_second(sum.answered)),
                    ..panel.clone()
                },
                Panel {
                    title: "Load on the server",
                    y: "requests a second",
                    y_range: 0.0..300.0,
                    lines: lines(&|sum| each_second(sum.requests)),
                    ..panel.clone()
                },
                Panel {
                    title: "Latency of the server",
                    y: "seconds, logarithmic",
                    y_range: 1.0..100.0,
                    logarithmic: true,
                    lines: lines(&|sum| Some(sum.latency()?.as_secs_f64())),
                    level: Some((TIMEOUT.as_secs_f64(), "clients wait 3 s")),
                    ..panel
                },
            ],
            columns: 1,
        }
        .draw()
    }
}
