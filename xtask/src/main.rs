//! `cargo xtask <command>`.

#![expect(clippy::print_stderr, reason = "a command line talks")]

use std::process::ExitCode;

use xtask::{install, run, suites};

const USAGE: &str = "\
usage: cargo xtask <command>

  demo [--no-install] [--seed N] [--stay]
            bare reqwest and lapin, then Steadfast with its dashboard, through the same storm; ends with a
            table (about a minute), or with --stay when you press Ctrl-C
  test [--no-install]
            every test, the ones that need RabbitMQ, Prometheus, Chromium or packages of Python included
  ratios [WORD..]
            one line per case and peer: our time beside the peer's, from one interleaved run (75 s); of
            the cases alone in whose names there is one of the words, if any (15 s); `amqp` stands for
            those of AMQP, beside lapin, which start a RabbitMQ node and run alone
  instructions [--no-install]
            one line per case: the instructions of a call, counted by valgrind and held to their ceilings
  simulate [--check]
            retries in virtual time against servers that fail or grow slow; tables and plots go to
            benches/results (10 s), or with --check are compared with what is there
  http-compare [--check] [WORD..]
            what our HTTP client and three others do with servers that fail, as a table; fails if ours is
            wrong (50 s). It goes to benches/results unless there is --check, or words that choose scenarios
  faults [--no-install] [--bare] [--check | --quick] [--minutes N] [--seed N] [F1 ..]
            what our AMQP client does with private brokers that are killed, frozen, short of memory or say
            no, with --bare beside lapin's own recovery; random faults (F20) for ten minutes or N, with
            --check two. Fails if ours breaks a rule. A whole run with --bare writes benches/results;
            --quick is a tenth of the messages

As root, demo, test, instructions and faults install the Debian packages they need and say so; --no-install declines.
test also keeps a Python environment and packages of npm in ~/.cache/steadfast-ci.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let may_install = !rest.iter().any(|arg| arg == "--no-install");
    let result = match command {
        "demo" => demo(may_install, rest),
        "test" => test(may_install),
        "ratios" => ratios(rest),
        "instructions" => instructions(may_install),
        "simulate" => simulate(rest),
        "http-compare" => http_compare(rest),
        "faults" => faults(may_install, rest),
        "help" | "--help" | "-h" => {
            eprintln!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        unknown => Err(format!("no command {unknown:?}\n\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask {command}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn demo(may_install: bool, rest: &[String]) -> Result<(), String> {
    if let Err(missing) = install::ensure(&[install::RABBITMQ], may_install) {
        eprintln!("{missing}\nThe demo runs its HTTP half only.\n");
    }
    let mut args = vec!["run", "--quiet", "--release", "-p", "steadfast-demo", "--"];
    args.extend(
        rest.iter()
            .map(String::as_str)
            .filter(|arg| *arg != "--no-install"),
    );
    run::cargo(&args)
}

fn ratios(words: &[String]) -> Result<(), String> {
    if words.iter().any(|word| word.starts_with("amqp")) {
        return amqp_ratios(words);
    }
    let mut args = vec![
        "bench",
        "-p",
        "steadfast-benches",
        "--bench",
        "ratios",
        "--",
    ];
    args.extend(words.iter().map(String::as_str));
    run::cargo(&args)
}

/// These have a RabbitMQ node to themselves, and so a run.
fn amqp_ratios(words: &[String]) -> Result<(), String> {
    install::ensure(&[install::RABBITMQ], true)?;
    let mut args = vec![
        "bench",
        "-p",
        "steadfast-benches",
        "--features",
        "amqp",
        "--bench",
        "amqp",
        "--",
    ];
    args.extend(words.iter().map(String::as_str));
    run::cargo(&args)
}

fn instructions(may_install: bool) -> Result<(), String> {
    install::ensure(&[install::VALGRIND], may_install)?;
    run::cargo(&[
        "bench",
        "-p",
        "steadfast-benches",
        "--bench",
        "instructions",
        "--bench",
        "instructions_http",
    ])
}

fn simulate(rest: &[String]) -> Result<(), String> {
    let mut args = vec![
        "run",
        "--quiet",
        "--release",
        "-p",
        "steadfast-benches",
        "--no-default-features",
        "--features",
        "simulation",
        "--bin",
        "simulate",
        "--",
    ];
    args.extend(rest.iter().map(String::as_str));
    run::cargo(&args)
}

/// In the profile of the tests, with which it shares what it is built from: nothing in it is about speed.
fn http_compare(rest: &[String]) -> Result<(), String> {
    let mut args = vec![
        "bench",
        "--quiet",
        "--profile",
        "dev",
        "-p",
        "steadfast-benches",
        "--features",
        "http-compare",
        "--bench",
        "http_compare",
        "--",
    ];
    args.extend(rest.iter().map(String::as_str));
    run::cargo(&args)
}

/// In the profile of the demo, with which it shares what it is built from: the client under test and the
/// model checker share the machine with the broker, and are not to be what it waits for.
fn faults(may_install: bool, rest: &[String]) -> Result<(), String> {
    install::ensure(&[install::RABBITMQ], may_install)?;
    let mut args = vec![
        "bench",
        "--quiet",
        "--profile",
        "release",
        "-p",
        "steadfast-benches",
        "--features",
        "faults",
        "--bench",
        "faults",
        "--",
    ];
    args.extend(
        rest.iter()
            .map(String::as_str)
            .filter(|arg| *arg != "--no-install"),
    );
    run::cargo(&args)
}

fn test(may_install: bool) -> Result<(), String> {
    let needs = || suites::LEFT_TO_XTASK.iter().map(|suite| suite.needs);
    let debian: Vec<_> = needs().filter_map(|need| need.debian()).collect();
    install::ensure(&debian, may_install)?;
    let mut variables = Vec::new();
    for venv in needs().filter_map(|need| need.python()) {
        venv.ensure(may_install)?;
        variables.push((venv.variable, venv.python()));
    }
    for browser in needs().filter_map(|need| need.browser()) {
        browser.ensure(may_install)?;
        variables.push((browser.variable, browser.modules()));
    }
    let features: Vec<_> = suites::LEFT_TO_XTASK
        .iter()
        .map(suites::Suite::feature_flag)
        .chain(suites::ALSO_ON.iter().map(ToString::to_string))
        .collect();
    run::cargo_with(
        &[
            "test",
            "--workspace",
            // All that fails is to be seen in one run.
            "--no-fail-fast",
            "--locked",
            "--features",
            &features.join(","),
        ],
        &variables,
    )
}
