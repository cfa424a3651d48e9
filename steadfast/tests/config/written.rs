//! Configurations as data: written, read again, and used.

use std::fs;

use steadfast::config::{AmqpConfig, Config, DashboardConfig, Loader, Secret};

use crate::support::{config, files, name, package};

#[test]
fn the_sample_is_good_and_is_read_back_as_it_was_written() {
    let path = package().join("examples/steadfast.toml");
    let config = Loader::new().file(path).load().unwrap().into_config();
    assert_eq!(config.service.name, "orders");
    assert_eq!(config.http_clients.len(), 2);
    let written = toml::to_string(&config).unwrap();
    assert_eq!(self::config(&written), config);
}

#[test]
fn every_good_file_is_read_back_as_it_was_written() {
    let good = files("good", "toml");
    assert!(good.len() >= 3);
    for path in good {
        let loaded = Loader::new()
            .text(name(&path), fs::read_to_string(&path).unwrap())
            .load();
        let config = loaded
            .unwrap_or_else(|errors| panic!("{errors}"))
            .into_config();
        let written = toml::to_string(&config).unwrap();
        assert_eq!(self::config(&written), config, "{}", path.display());
    }
}

#[test]
fn what_is_built_in_is_there_without_a_file() {
    let config = config("");
    assert_eq!(config, Config::default());
    let names: Vec<_> = config.bulkheads.keys().map(String::as_str).collect();
    assert_eq!(names, ["amqp_channels", "http_connections", "llm_requests"]);
    let llm = &config.bulkheads["llm_requests"];
    assert_eq!(
        (
            llm.max_concurrent,
            llm.max_waiting,
            llm.checkout_timeout.as_secs()
        ),
        (10, 50, 30)
    );
}

#[test]
fn a_built_in_bulkhead_keeps_what_a_file_does_not_say() {
    let config = config(
        "[bulkheads.llm_requests]\nmax_concurrent = 3\n[bulkheads.http_connections]\npreset = 'llm_requests'\n",
    );
    let llm = &config.bulkheads["llm_requests"];
    assert_eq!(
        (
            llm.max_concurrent,
            llm.max_waiting,
            llm.checkout_timeout.as_secs()
        ),
        (3, 50, 30)
    );
    assert_eq!(config.bulkheads["http_connections"].max_concurrent, 10);
}

#[test]
fn a_configuration_may_be_a_part_of_a_larger_one() {
    #[derive(serde::Deserialize)]
    struct Larger {
        steadfast: Config,
    }
    let larger: Larger =
        toml::from_str("[steadfast.retry]\nmax_attempts = 7\n[steadfast.retries.a]\n").unwrap();
    assert_eq!(larger.steadfast.retries["a"].max_attempts, 7);
    let text = "[retry]\nmax_attempts = 0\n[service]\nname = ''\n";
    let error = toml::from_str::<Config>(text).unwrap_err();
    assert_eq!(
        error.message(),
        "retry.max_attempts = 0 (must be at least 1); service.name = \"\" (must not be empty)"
    );
}

#[test]
fn an_amqp_section_is_a_builder_with_its_settings() {
    assert_eq!(config("").amqp, None);
    assert_eq!(config("[amqp]").amqp, Some(AmqpConfig::default()));
    let config = config(
        "[amqp]\nname = 'orders'\nuri = 'amqp://user:secret@rabbit:1/shop'\nheartbeat = '7s'\nmax_channels = 3\n",
    );
    let builder = format!("{:?}", config.amqp.unwrap().builder());
    for part in [
        "\"orders\"",
        "rabbit:1",
        "heartbeat: Some(7s)",
        "max_concurrent: 3",
    ] {
        assert!(builder.contains(part), "{part} in {builder}");
    }
}

#[test]
fn a_history_is_kept_if_there_is_a_dashboard_to_draw_it() {
    let mut config = Config::default();
    assert_eq!(config.history(), 0);
    config.dashboard = DashboardConfig::default();
    config.dashboard.enabled = true;
    assert_eq!(config.history(), 500);
    config.telemetry.history = Some(7);
    assert_eq!(config.history(), 7);
}

#[test]
fn a_secret_is_written_and_not_shown() {
    let secret = Secret::from("open sesame");
    assert_eq!(format!("{secret:?}"), "..");
    assert_eq!(serde_json::to_string(&secret).unwrap(), "\"open sesame\"");
}
