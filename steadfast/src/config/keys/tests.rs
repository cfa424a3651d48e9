//! The table of keys against the crates that read the tables.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on is a test that failed"
)]

use std::fmt::Debug;
use std::fs;

use super::{Shape, adapters, own, patterns};

/// The fields of a struct, as it is debugged.
fn fields(config: &impl Debug) -> Vec<String> {
    let text = format!("{config:#?}");
    let lines = text.lines().filter_map(|line| line.strip_prefix("    "));
    let fields = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
    let names = fields.filter_map(|line| Some(line.split_once(':')?.0.to_owned()));
    sorted(names)
}

/// The public fields of the struct of a source file.
fn fields_of_source(path: &str, name: &str) -> Vec<String> {
    let text = read(path);
    let (_, text) = text.split_once(&format!("pub struct {name} {{")).unwrap();
    let (text, _) = text.split_once("\n}").unwrap();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("    pub "));
    sorted(lines.map(|line| line.split_once(':').unwrap().0.to_owned()))
}

fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn names(shape: &Shape, without: &[&str]) -> Vec<String> {
    let keys = shape.keys.iter().map(|key| key.name.to_owned());
    sorted(keys.filter(|name| !without.contains(&name.as_str())))
}

#[test]
fn each_field_of_a_crates_config_is_a_key() {
    let breaker = crate::breaker::Config::default();
    assert_eq!(names(patterns::BREAKER, &[]), fields(&breaker));
    let retry = crate::retry::Config::default();
    assert_eq!(names(patterns::RETRY, &[]), fields(&retry));
    let bulkhead = crate::bulkhead::Config::default();
    assert_eq!(names(patterns::BULKHEAD, &["preset"]), fields(&bulkhead));
    let monitor = crate::health::MonitorConfig::default();
    assert_eq!(names(own::HEALTH, &["checks"]), fields(&monitor));
    let check = own::HEALTH.find("checks").unwrap();
    let super::Kind::Named(check) = check.kind else {
        panic!("checks are by name");
    };
    let fields_of_check = fields(&crate::health::CheckConfig::default());
    assert_eq!(names(check, &[]), fields_of_check);
    let client = fields_of_source("http-resilient/src/config.rs", "HttpClientConfig");
    assert_eq!(names(adapters::HTTP_CLIENT, &[]), client);
    let amqp = fields(&crate::config::AmqpConfig::default());
    assert_eq!(names(adapters::AMQP, &[]), amqp);
}

#[test]
fn each_key_is_known_to_the_crate_that_reads_it() {
    fn look(shape: &Shape) {
        for key in shape.keys {
            if let Some(ask) = shape.ask {
                for name in [Some(key.name), key.alias].into_iter().flatten() {
                    assert_eq!(ask(name), None, "{}.{name}", shape.name);
                }
                assert!(ask(&format!("{}_", key.name)).is_some(), "{}", shape.name);
            }
            match key.kind {
                super::Kind::Named(shape) => look(shape),
                kind => kind.shape().into_iter().for_each(look),
            }
        }
    }
    look(super::TOP);
}

/// The rows of the first table under a heading.
fn rows(readme: &str, heading: &str) -> Vec<(String, String)> {
    let (_, section) = readme.split_once(heading).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    rows.map(|row| {
        let mut cells = row
            .split('|')
            .skip(1)
            .map(|cell| cell.trim().replace('`', ""));
        (cells.next().unwrap(), cells.next().unwrap())
    })
    .collect()
}

#[test]
fn defaults_that_crates_tell_in_their_readme_are_those_of_the_table() {
    for (shape, path, heading) in [
        (
            adapters::HTTP_CLIENT,
            "http-resilient/README.md",
            "| setting | default | rule |",
        ),
        (
            adapters::AMQP,
            "amqp-resilient/README.md",
            "## Connection defaults",
        ),
    ] {
        let readme = read(path);
        // The header of the table is a heading of it, too.
        let readme = readme.replace(
            "| setting | default | rule |",
            "| setting | default | rule |\n\n|-|-|",
        );
        let mut seen = 0;
        for (name, default) in rows(&readme, heading) {
            let key = shape.find(&name).unwrap();
            let default = Some(default).filter(|default| default != "none");
            assert_eq!(key.built_in, default.as_deref(), "{name}");
            seen += 1;
        }
        assert!(seen > 10, "{seen} rows of {path}");
    }
}
