//! A program that counts what cases take in instructions.
//!
//! `cargo bench --bench NAME` runs itself under valgrind, twice for each case, and prints
//! `INSTR case=.. count=.. ceiling=..`. `cargo xtask instructions` runs all of them.
//!
//! `-- --case NAME --times N` only does a case so many times, for a profiler; with `--beyond`, what it is
//! counted beyond. As a test, every case runs once and nothing is counted.

#![expect(clippy::print_stdout, reason = "its lines are what it is for")]
#![expect(clippy::print_stderr, reason = "and what is wrong with them")]

use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use steadfast_benches::instructions::{Ceilings, Instructions, collected, is_same, per_operation};

/// Does a case so many times.
pub(crate) type Run = Box<dyn FnMut(u64) -> Duration>;

/// A case.
pub(crate) struct Counted {
    name: &'static str,
    make: fn() -> Run,
    /// A case before this one that must take as many instructions.
    same_as: Option<&'static str>,
    /// What is counted is what it takes beyond this, which does the same without any of ours.
    beyond: Option<fn() -> Run>,
    /// Whether it is somebody else's, which has no ceiling.
    is_peer: bool,
}

#[allow(dead_code, reason = "one program counts what another does not")]
impl Counted {
    pub(crate) const fn new(name: &'static str, make: fn() -> Run) -> Self {
        Self {
            name,
            make,
            same_as: None,
            beyond: None,
            is_peer: false,
        }
    }

    pub(crate) const fn watched(
        name: &'static str,
        same_as: &'static str,
        make: fn() -> Run,
    ) -> Self {
        Self {
            same_as: Some(same_as),
            ..Self::new(name, make)
        }
    }

    pub(crate) const fn beyond(self, make: fn() -> Run) -> Self {
        Self {
            beyond: Some(make),
            ..self
        }
    }

    pub(crate) const fn of_a_peer(self) -> Self {
        Self {
            is_peer: true,
            ..self
        }
    }
}

/// What a program counts.
pub(crate) struct Counting {
    pub(crate) cases: &'static [Counted],
    /// Its ceilings, beside this package's manifest.
    pub(crate) table: &'static str,
    /// Operations in the longer run.
    pub(crate) many: u64,
}

/// Operations in the shorter run.
const FEW: u64 = 1_000;

/// The program.
pub(crate) fn run(counting: &Counting) -> ExitCode {
    let result = match asked(counting) {
        Ok(Asked::Once) => {
            for case in counting.cases {
                (case.make)()(1);
                case.beyond.map(|make| make()(1));
            }
            println!("{} cases ran once", counting.cases.len());
            Ok(())
        }
        Ok(Asked::Run(make, times)) => {
            make()(times);
            Ok(())
        }
        Ok(Asked::Count) => counting.count_all(),
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
    Run(fn() -> Run, u64),
    Count,
}

/// `cargo bench` says `--bench`; `cargo test` does not, and `cargo bench -- --test` says both.
fn asked(counting: &Counting) -> Result<Asked, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = |option: &str| arguments.iter().any(|argument| argument == option);
    let value = |option: &str| {
        let at = arguments.iter().position(|argument| argument == option)?;
        arguments.get(at + 1)
    };
    if let Some(name) = value("--case") {
        let mut cases = counting.cases.iter();
        let case = cases.find(|case| case.name == name);
        let case = case.ok_or_else(|| format!("no case {name:?}"))?;
        let times = value("--times").map_or(Ok(counting.many), |times| times.parse());
        let times = times.map_err(|error| format!("--times: {error}"))?;
        let make = match said("--beyond") {
            true => case.beyond.ok_or("it is counted by itself")?,
            false => case.make,
        };
        return Ok(Asked::Run(make, times));
    }
    Ok(if said("--bench") && !said("--test") {
        Asked::Count
    } else {
        Asked::Once
    })
}

impl Counting {
    fn count_all(&self) -> Result<(), String> {
        let path = format!("{}/{}", env!("CARGO_MANIFEST_DIR"), self.table);
        let table = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let ceilings = Ceilings::parse(&table).map_err(|error| format!("{path}: {error}"))?;
        let mut wrong = Vec::new();
        let mut counts: Vec<(&str, f64)> = Vec::new();
        for case in self.cases {
            let count = self.count(case)?;
            if count <= 0.0 {
                wrong.push(format!("{} takes {count:.1} instructions?", case.name));
            }
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
                if !case.is_peer {
                    wrong.push(format!("{} has no ceiling in {path}", case.name));
                }
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
            .filter(|name| self.cases.iter().all(|case| case.name != *name));
        wrong.extend(
            unknown.map(|name| format!("{path} has a ceiling for {name}, which is no case")),
        );
        if wrong.is_empty() {
            return Ok(());
        }
        Err(wrong.join("\n"))
    }

    fn count(&self, case: &Counted) -> Result<f64, String> {
        let per_operation = |what: &[&str]| {
            let few = under_callgrind(case, FEW, what)?;
            let many = under_callgrind(case, self.many, what)?;
            Ok::<_, String>(per_operation((FEW, few), (self.many, many)))
        };
        let beyond = match case.beyond {
            Some(_) => per_operation(&["--beyond"])?,
            None => 0.0,
        };
        Ok(per_operation(&[])? - beyond)
    }
}

/// All instructions of a process that does the case, or `what` of it, so many times. The last profile stays.
fn under_callgrind(case: &Counted, times: u64, what: &[&str]) -> Result<u64, String> {
    let this = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", profile(case).display()))
        .arg(this)
        .args(["--case", case.name, "--times", &times.to_string()])
        .args(what)
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
