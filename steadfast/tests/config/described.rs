//! What is told of a configuration.

use std::fs;

use steadfast::config::{Loader, describe};

use crate::support::{golden, load, package};

#[test]
fn texts_of_several_lines_are_told_on_one() {
    let text = "amqp.name = \"a\\nb\"\nhealth.checks.db.depends_on = ['x', \"a\\nb\"]\n\
                service = { name = \"a\\nretry.max_attempts = 1\", version = \"1\\n2\" }\n";
    let told = describe(&load(text)).to_string();
    for line in [
        "# service a\\nretry.max_attempts = 1 1\\n2",
        "# amqp connection: a\\nb",
        "service.name = \"a\\nretry.max_attempts = 1\" # test.toml:3:13",
        "service.version = \"1\\n2\" # test.toml:3:49",
        "amqp.name = \"a\\nb\" # test.toml:1:6",
        "health.checks.db.depends_on = [\"x\", \"a\\nb\"] # test.toml:2:18",
    ] {
        assert!(told.lines().any(|told| told == line), "{line}: {told}");
    }
}

#[test]
fn the_sample_is_described_to_the_letter() {
    let text = fs::read_to_string(package().join("examples/steadfast.toml")).unwrap();
    let loader = Loader::new().text("steadfast.toml", text);
    let loader = loader.variables([("STEADFAST_RETRIES__PAYMENTS__MAX_BACKOFF", "2s")]);
    let told = describe(&loader.load().unwrap()).to_string();
    let path = package().join("tests/config/described.txt");
    golden(&path, &told).unwrap_or_else(|difference| panic!("{difference}"));
}

#[test]
fn what_is_switched_off_is_told_first_and_loudly() {
    let loader = Loader::new().text(
        "a.toml",
        "circuit_breakers_enabled = false\nretry_enabled = false\n",
    );
    let loader = loader.variables([("STEADFAST_BULKHEADS_ENABLED", "false")]);
    let told = describe(&loader.load().unwrap()).to_string();
    let loud: Vec<_> = told
        .lines()
        .filter(|line| line.contains("SWITCHED OFF"))
        .collect();
    assert_eq!(
        loud,
        [
            "# SWITCHED OFF: circuit_breakers_enabled = false at a.toml:1:1: no circuit breaker opens",
            "# SWITCHED OFF: bulkheads_enabled = false at STEADFAST_BULKHEADS_ENABLED: no bulkhead limits anything",
            "# SWITCHED OFF: retry_enabled = false at a.toml:2:1: nothing is attempted twice",
        ]
    );
    assert!(!describe(&load("")).to_string().contains("SWITCHED OFF"));
}

#[test]
fn no_secret_is_told_by_anything() {
    let text = "
        [amqp]
        uri = 'amqp://user:secret@rabbit/shop'
        [http_clients.defaults]
        default_headers = { authorization = 'secret' }
        [http_clients.a]
        base_url = 'http://user:secret@a/v1/'
        [http_clients.b]
        default_headers = { x-key = ['secret', 'secret'] }
        [dashboard]
        controls_token = 'secret'
    ";
    let loaded = load(text);
    let told = describe(&loaded).to_string();
    for line in [
        "amqp.uri = \"amqp://..@rabbit/shop\" # test.toml:3:9",
        "http_clients.a.base_url = \"http://..@a/v1/\" # test.toml:7:9",
        "http_clients.b.default_headers.authorization = .. # [http_clients.defaults] at test.toml:5:29",
        "http_clients.b.default_headers.x-key = .. # test.toml:9:29",
        "dashboard.controls_token = .. # test.toml:11:9",
    ] {
        assert!(told.lines().any(|known| known == line), "{line} in {told}");
    }
    let loader = Loader::new().text("test.toml", text);
    for text in [
        told,
        format!("{loaded:?}"),
        format!("{:?}", loaded.config()),
        format!("{loader:?}"),
    ] {
        assert!(!text.contains("secret"), "{text}");
    }
}
