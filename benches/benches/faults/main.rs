//! What our AMQP client, and bare lapin with its own recovery, do with private brokers that are killed,
//! frozen, short of memory or that say no. A model checker watches every run. It fails if ours breaks a
//! rule.
//!
//! `cargo xtask faults` runs it. As a test it only says how many scenarios there are.
//!
//! Each scenario runs with each client in a process of its own: threads and memory are those of a process,
//! and a client that hangs ends with its process.

#![expect(clippy::print_stdout, reason = "the tables are what it is for")]
#![expect(clippy::print_stderr, reason = "and what is wrong with them")]

mod broker;
mod clients;
mod findings;
mod load;
mod plan;
mod report;
mod runs;
mod scenarios;
mod support;

use std::process::ExitCode;

use steadfast_benches::{clock, results};

use crate::clients::Kind;
use crate::plan::{Arguments, Plan};
use crate::scenarios::{ALL, Scenario};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = |option: &str| arguments.iter().any(|argument| argument == option);
    // `cargo bench` says `--bench`; `cargo test` does not.
    if !said("--bench") || said("--test") {
        println!("{} scenarios, which run under --bench", ALL.len());
        return ExitCode::SUCCESS;
    }
    let result = Arguments::parse(&arguments).and_then(|arguments| match arguments.alone {
        Some((name, kind)) => alone(&name, kind, &arguments.plan),
        None => all(&arguments),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// In a process of its own: one scenario with one client.
fn alone(name: &str, kind: Kind, plan: &Plan) -> Result<(), String> {
    let scenario = ALL.iter().find(|scenario| scenario.name == name);
    let scenario = scenario.ok_or_else(|| format!("no scenario {name}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        // The broker is steered from threads that may wait; they are not to be counted as the client's.
        .thread_keep_alive(support::millis(50))
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let findings = runtime.block_on((scenario.run)(kind, plan.clone()));
    runtime.shutdown_background();
    let findings = findings.map_err(|error| format!("did not come to its end: {error}"))?;
    print!("{}", findings.encoded());
    Ok(())
}

fn all(arguments: &Arguments) -> Result<(), String> {
    let names = &arguments.names;
    let is_known = |name: &&String| ALL.iter().any(|scenario| scenario.is_called(name));
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known: Vec<&str> = ALL.iter().map(|scenario| scenario.name).collect();
        return Err(format!("no scenario {unknown}, only {}", known.join(", ")));
    }
    let is_asked = |scenario: &&Scenario| {
        names.is_empty() || names.iter().any(|name| scenario.is_called(name))
    };
    let scenarios: Vec<&Scenario> = ALL.iter().filter(is_asked).collect();
    let began = clock::now();
    let results = runs::all(&scenarios, arguments);
    let took = began.elapsed();
    let tables = report::tables(&scenarios, &results);
    println!("\n{tables}in {} s", took.as_secs());
    if arguments.writes() {
        let text = report::text(&tables, took, &arguments.plan)?;
        results::write("amqp_faults.md", &text)?;
        println!("written to benches/results/amqp_faults.md");
    }
    let wrong = report::wrong(&scenarios, &results);
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("ours is wrong:\n{}", wrong.join("\n")))
}
