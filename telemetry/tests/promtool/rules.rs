//! The shipped rules: their syntax, and what they make of known series.

use std::path::Path;
use std::process::Command;

/// What `promtool` says, run in the folder of this suite, and whether it is content.
fn promtool(args: &[&str]) -> (bool, String) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promtool");
    let said = Command::new("promtool")
        .args(args)
        .current_dir(here)
        .output()
        .expect("promtool is on the path (Debian: apt-get install prometheus)");
    let words = [said.stdout, said.stderr].concat();
    (said.status.success(), String::from_utf8(words).unwrap())
}

#[test]
fn the_rules_are_well_formed() {
    let files = ["../../ops/alerts.yml", "../../ops/recording.yml"];
    let (content, words) = promtool(&[&["check", "rules"], &files[..]].concat());
    assert!(content && words.matches("SUCCESS").count() == 2, "{words}");
}

#[test]
fn every_alert_fires_in_its_time_and_not_before_and_ends() {
    let (content, words) = promtool(&["test", "rules", "alerts.test.yml"]);
    assert!(content, "{words}");
}

#[test]
fn alerts_hold_at_the_edges_of_groups_names_instances_and_long_times() {
    let (content, words) = promtool(&["test", "rules", "edges.test.yml"]);
    assert!(content, "{words}");
}

#[test]
fn the_recording_rules_make_of_known_traffic_what_they_say() {
    let (content, words) = promtool(&["test", "rules", "recording.test.yml"]);
    assert!(content, "{words}");
}
