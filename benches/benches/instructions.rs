//! What a call through a breaker, a retry, a hedge or a bulkhead, or some of them together, costs in instructions, case by case, held to `instructions.txt`.
//!
//! `cargo bench -p steadfast-benches --bench instructions` runs itself under valgrind, twice for each
//! case, and prints `INSTR case=.. count=.. ceiling=..`. It is what `cargo xtask instructions` runs.
//!
//! `-- --case NAME --times N` only does a case so many times, for a profiler. As a test, every case
//! runs once and nothing is counted.

#![expect(clippy::print_stdout, reason = "its lines are what it is for")]
#![expect(clippy::print_stderr, reason = "and what is wrong with them")]

mod cases {
    pub(crate) mod alone;
    pub(crate) mod answers;
    pub(crate) mod counted;
    pub(crate) mod failure;
    pub(crate) mod our_bulkheads;
    pub(crate) mod our_composed;
    pub(crate) mod our_hedges;
    pub(crate) mod our_retries;
    pub(crate) mod ours;
    pub(crate) mod runtime;
    pub(crate) mod work;
}

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use cases::counted::{CASES, Counted};
use steadfast_benches::instructions::{Ceilings, Instructions, collected, is_same, per_operation};

/// Operations in the shorter and in the longer run.
const FEW: u64 = 1_000;
/// So many that what a run takes by chance to set itself up, some ten thousand instructions where telemetry
/// hashes its keys, is no part of the count.
const MANY: u64 = 101_000;

fn main() -> ExitCode {
    let result = match asked() {
        Ok(Asked::Once) => {
            CASES.iter().for_each(|case| case.run(1));
            println!("{} cases ran once", CASES.len());
            Ok(())
        }
        Ok(Asked::Case(case, times)) => {
            case.run(times);
            Ok(())
        }
        Ok(Asked::Count) => count_all(),
        Err(error) => Err(error),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

enum Asked {
    Once,
    Case(&'static Counted, u64),
    Count,
}

/// `cargo bench` says `--bench`; `cargo test` does not, and `cargo bench -- --test` says both.
fn asked() -> Result<Asked, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = |option: &str| arguments.iter().any(|argument| argument == option);
    let value = |option: &str| {
        let at = arguments.iter().position(|argument| argument == option)?;
        arguments.get(at + 1)
    };
    if let Some(name) = value("--case") {
        let case = CASES.iter().find(|case| case.name == name);
        let case = case.ok_or_else(|| format!("no case {name:?}"))?;
        let times = value("--times").map_or(Ok(MANY), |times| times.parse());
        let times = times.map_err(|error| format!("--times: {error}"))?;
        return Ok(Asked::Case(case, times));
    }
    Ok(if said("--bench") && !said("--test") {
        Asked::Count
    } else {
        Asked::Once
    })
}

fn count_all() -> Result<(), String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.txt");
    let table = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let ceilings = Ceilings::parse(&table).map_err(|error| format!("{path}: {error}"))?;
    let mut wrong = Vec::new();
    let mut counts: Vec<(&str, f64)> = Vec::new();
    for case in CASES {
        let count = count(case)?;
        counts.push((case.name, count));
        if let Some(ceiling) = ceilings.of(case.name) {
            let instructions = Instructions::new(case.name, count, ceiling);
            println!("{instructions}");
            if instructions.is_too_many() {
                wrong.push(format!(
                    "{} takes {count:.1} instructions, {ceiling} are allowed; its profile: \
                     callgrind_annotate {}",
                    case.name,
                    profile(case).display()
                ));
            }
        } else {
            println!("INSTR case={} count={count:.1} ceiling=none", case.name);
            wrong.push(format!("{} has no ceiling in {path}", case.name));
        }
        let other = case.same_as.and_then(|same_as| {
            let mut counts = counts.iter();
            counts.find(|(name, _)| *name == same_as)
        });
        if let Some((other, others)) = other.filter(|(_, others)| !is_same(count, *others)) {
            wrong.push(format!(
                "{} takes {count:.1} instructions, {other} {others:.1}: they must be within 3 %",
                case.name
            ));
        }
    }
    let unknown = ceilings
        .cases()
        .filter(|name| CASES.iter().all(|case| case.name != *name));
    wrong.extend(unknown.map(|name| format!("{path} has a ceiling for {name}, which is no case")));
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.join("\n"))
}

fn count(case: &Counted) -> Result<f64, String> {
    let few = under_callgrind(case, FEW)?;
    let many = under_callgrind(case, MANY)?;
    Ok(per_operation((FEW, few), (MANY, many)))
}

/// All instructions of a process that does the case so many times. The last profile stays.
fn under_callgrind(case: &Counted, times: u64) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile(case).display()))
        .arg(this)
        .args(["--case", case.name, "--times", &times.to_string()])
        .output()
        .map_err(|error| format!("valgrind did not start: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "{} ended with {}:\n{said}",
            case.name, output.status
        ));
    }
    collected(&said).ok_or_else(|| format!("callgrind told no total:\n{said}"))
}

fn profile(case: &Counted) -> PathBuf {
    let name = format!("instructions-{}.out", case.name);
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}
