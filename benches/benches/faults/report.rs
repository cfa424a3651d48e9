//! The tables, and the file that a whole run leaves.

use std::env;
use std::fmt::Write;
use std::time::Duration;

use steadfast_benches::results::version;
use steadfast_benches::{Cell, Comparison};

use crate::clients::Kind;
use crate::plan::Plan;
use crate::runs::Run;
use crate::scenarios::Scenario;

/// A table for each scenario, with a column for each client that ran it.
pub(crate) fn tables(scenarios: &[&Scenario], runs: &[Run]) -> String {
    let mut text = String::new();
    for scenario in scenarios {
        let columns = columns(scenario, runs);
        let _ = writeln!(text, "## {}: {}\n", scenario.name, scenario.subject);
        for run in &columns {
            if let Some(failure) = &run.failure {
                let _ = writeln!(text, "{}: {failure}\n", run.kind.name());
            }
        }
        let _ = writeln!(text, "{}", table(&columns));
    }
    text
}

fn columns<'r>(scenario: &Scenario, runs: &'r [Run]) -> Vec<&'r Run> {
    let of = |kind: Kind| {
        let such = move |run: &&Run| run.name == scenario.name && run.kind == kind;
        runs.iter().find(such)
    };
    [Kind::Steadfast, Kind::Lapin]
        .into_iter()
        .filter_map(of)
        .collect()
}

/// Rows are told apart by their subject: a client that does not come to something has no cell there.
fn table(columns: &[&Run]) -> Comparison {
    let mut table = Comparison::of(columns.iter().map(|run| run.kind.name()));
    let mut subjects: Vec<&str> = Vec::new();
    for run in columns {
        for row in &run.findings.rows {
            if subjects.contains(&row.subject.as_str()) {
                continue;
            }
            subjects.push(&row.subject);
            let cells = columns.iter().map(|run| {
                let rows = &run.findings.rows;
                match rows.iter().find(|other| other.subject == row.subject) {
                    Some(row) if row.right.is_empty() => Cell::figure(&row.figure),
                    Some(row) => Cell::new(&row.figure, row.is_right),
                    None => Cell::figure(""),
                }
            });
            table.add(&row.subject, &row.right, cells.collect());
        }
    }
    table
}

/// What ours did wrong. What lapin does is in its column, and nothing to fail over.
pub(crate) fn wrong(scenarios: &[&Scenario], runs: &[Run]) -> Vec<String> {
    let mut wrong = Vec::new();
    let columns = scenarios
        .iter()
        .flat_map(|scenario| columns(scenario, runs));
    for run in columns.filter(|run| run.kind == Kind::Steadfast) {
        let rows = run.findings.rows.iter().filter(|row| !row.is_right);
        wrong.extend(rows.map(|row| {
            let (subject, figure) = (&row.subject, &row.figure);
            format!("{}: {subject}: {figure}, right is {}", run.name, row.right)
        }));
        if let Some(failure) = &run.failure {
            wrong.push(format!("{}: {failure}", run.name));
        } else if run.findings.rows.is_empty() {
            wrong.push(format!("{}: nothing was found", run.name));
        }
    }
    wrong
}

/// The text around the tables.
pub(crate) fn text(tables: &str, took: Duration, plan: &Plan) -> Result<String, String> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let minutes = |duration: Duration| (duration.as_secs() / 60).to_string();
    let places = [
        ("tables", tables.trim_end().to_owned()),
        ("machine", format!("{} with {cores} cores", env::consts::OS)),
        ("minutes", minutes(took)),
        ("soak", minutes(plan.soak)),
        ("seed", plan.seed.to_string()),
        ("steadfast-amqp", version("steadfast-amqp")?),
        ("lapin", version("lapin")?),
    ];
    let mut text = include_str!("intro.md").to_owned();
    for (name, value) in places {
        text = text.replace(&format!("{{{name}}}"), &value);
    }
    Ok(text)
}
