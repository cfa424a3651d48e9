//! What our HTTP client and three others do with servers that fail: every scenario with each of them, on
//! real sockets, as a table. It fails if ours is not right in every row.
//!
//! `cargo xtask http-compare` runs it. As a test it only says how many scenarios there are.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]
#![expect(clippy::print_stderr, reason = "and what is wrong with it")]

mod clients;
mod report;
mod scenarios;
mod support;

use std::process::ExitCode;
use std::time::Duration;

use steadfast_benches::{Cell, Comparison, clock, results};
use tokio::time::timeout;

use crate::clients::Kind;
use crate::scenarios::{ALL, Scenario};

/// The most that one client may take for one scenario.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = |option: &str| arguments.iter().any(|argument| argument == option);
    // `cargo bench` says `--bench`; `cargo test` does not.
    if !said("--bench") || said("--test") {
        println!("{} scenarios, which run under --bench", ALL.len());
        return ExitCode::SUCCESS;
    }
    let options = ["--bench", "--check"];
    let words = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !options.contains(argument))
        .collect::<Vec<_>>();
    match compare(&words, said("--check")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(words: &[&str], check: bool) -> Result<(), String> {
    if let Some(unknown) = words.iter().find(|word| word.starts_with('-')) {
        return Err(format!("no option {unknown}; there is only --check"));
    }
    let is_asked = |scenario: &&Scenario| {
        words.is_empty() || words.iter().any(|word| scenario.subject.contains(word))
    };
    let scenarios: Vec<&Scenario> = ALL.iter().filter(is_asked).collect();
    if scenarios.is_empty() {
        return Err(format!("no scenario has one of {words:?} in its name"));
    }
    let began = clock::now();
    let mut table = Comparison::of(Kind::ALL.map(Kind::name));
    for scenario in scenarios {
        println!("{:>3} s  {}", began.elapsed().as_secs(), scenario.subject);
        table.add(scenario.subject, scenario.right, cells(scenario)?);
    }
    let took = began.elapsed();
    println!("\n{table}\nin {:.0} s", took.as_secs_f64());
    if words.is_empty() && !check {
        results::write("http_compare.md", &report::text(&table, took)?)?;
        println!("written to benches/results/http_compare.md");
    }
    let wrong = table.wrong(0);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} is wrong:\n{}",
        Kind::Steadfast.name(),
        wrong.join("\n")
    ))
}

/// One client after the other, each on a runtime of its own.
fn cells(scenario: &Scenario) -> Result<Vec<Cell>, String> {
    let mut cells = Vec::new();
    for kind in Kind::ALL {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| format!("no runtime: {error}"))?;
        let cell = runtime.block_on(async { timeout(PATIENCE, (scenario.run)(kind)).await });
        let late = || Cell::new(format!("no end in {} s", PATIENCE.as_secs()), false);
        let cell = cell.unwrap_or_else(|_| late());
        println!("       {:<16}  {cell}", kind.name());
        cells.push(cell);
    }
    Ok(cells)
}
