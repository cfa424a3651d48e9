//! The simulations of retries: runs them, prints their tables and writes tables, figures and plots to
//! `benches/results`. `--check` writes nothing and fails where a file there is not what a run gives.
//! Run it with `cargo xtask simulate`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line talks"
)]

mod failing;
mod metastable;
mod plot;
mod results;
mod table;
mod tiers;

use std::process::ExitCode;

use steadfast_benches::clock;
use steadfast_benches::simulation::Failure;

use crate::results::{File, Results};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => simulate().and_then(|files| Results::folder().write(&files)),
        ["--check"] => simulate().and_then(|files| Results::folder().check(&files)),
        _ => Err(format!("unknown arguments {args:?}; there is only --check").into()),
    };
    match done {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs everything: the files that belong in the folder.
fn simulate() -> Result<Vec<File>, Failure> {
    let begin = clock::now();
    let failing = failing::Findings::run()?;
    let metastable = metastable::Findings::run()?;
    let tiers = tiers::Findings::run()?;
    let tables = [failing.tables(), metastable.tables(), tiers.tables()].concat();
    for (_, table) in &tables {
        println!("{table}");
    }
    println!("simulated in {:.1} s", begin.elapsed().as_secs_f64());
    let readme = results::readme(&tables)?;
    Ok(vec![
        File::new("README.md", readme),
        File::new("failing.csv", failing.csv()),
        File::new("failing.svg", failing.plot()?),
        File::new("metastable.csv", metastable.csv()),
        File::new("metastable.svg", metastable.plot()?),
        File::new("tiers.csv", tiers.csv()),
    ])
}
