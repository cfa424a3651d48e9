//! Runs the suites in `e2e/suites` with Node, each against playgrounds of its own, in Debian's Chromium.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One at a time: two browsers on a small machine would make each other late.
static TURN: Mutex<()> = Mutex::new(());

fn suites() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites")
}

fn run(suite: &str) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let modules = std::env::var_os("STEADFAST_E2E_MODULES")
        .expect("STEADFAST_E2E_MODULES says where npm's packages are: run `cargo xtask test`");
    let output = Command::new("node")
        .args(["--test", "--test-reporter=spec"])
        .arg(suites().join(format!("{suite}.test.mjs")))
        .env("STEADFAST_E2E_MODULES", modules)
        .env("STEADFAST_E2E_PLAYGROUND", env!("CARGO_BIN_EXE_playground"))
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{suite}:\n{said}\n{complained}");
    assert!(
        !said.contains("tests 0"),
        "{suite} has run no test:\n{said}"
    );
    for line in said.lines().filter(|line| line.starts_with('ℹ')) {
        // Shown with `--nocapture`: the figures.
        #[expect(clippy::print_stdout, reason = "figures are for people")]
        {
            println!("{suite} {line}");
        }
    }
}

macro_rules! suites {
    ($($test:ident: $name:literal,)+) => {
        $(
            #[test]
            fn $test() {
                run($name);
            }
        )+

        #[test]
        fn every_suite_is_run() {
            let mut files: Vec<_> = fs::read_dir(suites())
                .expect("the folder of suites")
                .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
                .filter_map(|name| name.strip_suffix(".test.mjs").map(str::to_owned))
                .collect();
            files.sort();
            let mut run = [$($name),+];
            run.sort_unstable();
            assert_eq!(files, run);
        }
    };
}

suites! {
    the_page_is_for_everybody: "access",
    what_is_done_from_the_page_is_done: "controls",
    what_happens_is_on_the_page: "live",
    five_hundred_components_are_no_burden: "many",
    what_comes_from_outside_is_text: "safety",
    the_page_looks_as_in_the_readme: "screenshots",
    the_page_never_passes_off_the_old_as_new: "stale",
}
