//! Runs scenarios, each with each client in a process of its own.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_benches::clock;

use crate::clients::Kind;
use crate::findings::Findings;
use crate::plan::Arguments;
use crate::scenarios::Scenario;

/// The most that one run may take, beside the time of random faults.
const PATIENCE: Duration = Duration::from_secs(600);

/// Scenarios that mostly wait, at the same time: their broker needs half a core at most.
const SIDE_BY_SIDE: usize = 2;

/// What came of one scenario with one client.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) findings: Findings,
    /// Why there are no more findings.
    pub(crate) failure: Option<String>,
}

/// First those that wait, two at a time, then those that work, each alone.
pub(crate) fn all(scenarios: &[&'static Scenario], arguments: &Arguments) -> Vec<Run> {
    let runs = |waits: bool| -> VecDeque<(&'static Scenario, Kind)> {
        let such = scenarios.iter().filter(|scenario| scenario.waits == waits);
        let runs = such.flat_map(|scenario| {
            let kinds = arguments.kinds(scenario.in_bare);
            kinds.into_iter().map(|kind| (*scenario, kind))
        });
        runs.collect()
    };
    let done = Mutex::new(Vec::new());
    for (runs, at_once) in [(runs(true), SIDE_BY_SIDE), (runs(false), 1)] {
        let left = Mutex::new(runs);
        thread::scope(|scope| {
            for _ in 0..at_once {
                scope.spawn(|| {
                    loop {
                        let next = left.lock().pop_front();
                        let Some((scenario, kind)) = next else { return };
                        let run = one(scenario, kind, arguments);
                        done.lock().push(run);
                    }
                });
            }
        });
    }
    done.into_inner()
}

fn one(scenario: &Scenario, kind: Kind, arguments: &Arguments) -> Run {
    let label = format!("{:<10} {:<14}", scenario.name, kind.name());
    println!("{label} | begins");
    let began = clock::now();
    let patience = PATIENCE + arguments.plan.soak;
    let mut run = Run {
        name: scenario.name,
        kind,
        findings: Findings::default(),
        failure: None,
    };
    let ended = start(scenario, kind, arguments)
        .map_err(|error| error.to_string())
        .and_then(|child| watch(child, &label, patience, &mut run.findings));
    run.failure = ended.err();
    let took = began.elapsed().as_secs();
    match &run.failure {
        Some(failure) => println!("{label} | failed after {took} s: {failure}"),
        None => println!("{label} | ended after {took} s"),
    }
    run
}

fn start(scenario: &Scenario, kind: Kind, arguments: &Arguments) -> std::io::Result<Child> {
    let plan = &arguments.plan;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--bench", "--alone", scenario.name, kind.name()]);
    command.args(["--seed", &plan.seed.to_string()]);
    command.args(["--minutes", &(plan.soak.as_secs() / 60).to_string()]);
    if plan.quick {
        command.arg("--quick");
    }
    command
        // lapin has two buffers of 4 MiB for each connection. Left to itself glibc gives them back with the
        // first connection and keeps those of later ones, or not, as it happens.
        .env("MALLOC_MMAP_THRESHOLD_", "131072")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// Passes on what the process prints, takes in what it found, and ends it when its time is up. Its broker
/// ends with it.
fn watch(
    mut child: Child,
    label: &str,
    patience: Duration,
    findings: &mut Findings,
) -> Result<(), String> {
    let (Some(out), Some(mut err)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("no output".to_owned());
    };
    let child = Mutex::new(child);
    let began = clock::now();
    let (status, complaint) = thread::scope(|scope| {
        let complaint = scope.spawn(move || {
            let mut text = Vec::new();
            let _ = err.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        let status = scope.spawn(|| {
            loop {
                if let Ok(Some(status)) = child.lock().try_wait() {
                    return Some(status);
                }
                if began.elapsed() > patience {
                    let mut child = child.lock();
                    let _ = child.kill();
                    let _ = child.wait();
                    return None;
                }
                thread::sleep(Duration::from_millis(50));
            }
        });
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if !findings.decode(&line) {
                println!("{label} | {line}");
            }
        }
        (
            status.join().unwrap_or_default(),
            complaint.join().unwrap_or_default(),
        )
    });
    match status {
        Some(status) if status.success() => Ok(()),
        Some(_) => Err(complaint.trim().to_owned()),
        None => Err(format!("no end in {} s", patience.as_secs())),
    }
}
