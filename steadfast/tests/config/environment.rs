//! Variables of the environment.

use std::time::Duration;

use steadfast::config::{Loader, Origin, describe};

use crate::support::load;

fn with(variables: &[(&str, &str)]) -> Loader {
    Loader::new().variables(variables.iter().copied())
}

fn problems(variables: &[(&str, &str)]) -> String {
    with(variables).load().unwrap_err().to_string()
}

#[test]
fn a_variable_says_what_a_file_would() {
    let loaded = with(&[
        ("STEADFAST_RETRY_ENABLED", "false"),
        ("STEADFAST_SERVICE__NAME", "007"),
        ("STEADFAST_CIRCUIT_BREAKER__TIMEOUT", "1500"),
        ("STEADFAST_CIRCUIT_BREAKER__FAILURE_RATE", "0.25"),
        ("STEADFAST_CIRCUIT_BREAKER__WINDOW", "10s"),
        (
            "STEADFAST_CIRCUIT_BREAKERS__PAYMENTS__ABANDONED_AS",
            "failure",
        ),
        ("STEADFAST_RETRY__MAX_ATTEMPTS", "3"),
        ("STEADFAST_RETRY__JITTER", "0.5"),
        ("STEADFAST_RETRY__BUDGET__SHARE", "0.1"),
        (
            "STEADFAST_HTTP_CLIENTS__HERMES_CLIENT__PROPAGATION",
            "*.internal, stock.example",
        ),
        (
            "STEADFAST_HTTP_CLIENTS__HERMES_CLIENT__DEFAULT_HEADERS__X-TENANT",
            "5",
        ),
        (
            "STEADFAST_AMQP__URIS",
            "[\"amqp://a,b@one/\", 'amqp://two/']",
        ),
        ("STEADFAST_HEALTH__CHECKS__DB__TIMEOUT", "1s"),
        ("STEADFAST_DASHBOARD__LISTEN", "[::1]:80"),
        ("STEADFAST_DASHBOARD__CONTROLS_TOKEN", "12345"),
    ]);
    let config = loaded.load().unwrap().into_config();
    assert!(!config.retry_enabled);
    assert_eq!(config.service.name, "007");
    assert_eq!(config.circuit_breaker.open_for, Duration::from_millis(1500));
    let payments = &config.circuit_breakers["payments"];
    assert_eq!(payments.failure_rate, Some(0.25));
    assert_eq!(
        payments.abandoned_as,
        steadfast::breaker::AbandonedAs::Failure
    );
    assert_eq!(config.retry.max_attempts, 3);
    assert_eq!(config.retry.budget.unwrap().share, 0.1);
    let hermes = &config.http_clients["hermes_client"];
    assert_eq!(
        hermes.propagation.as_ref().unwrap(),
        &["*.internal", "stock.example"]
    );
    assert_eq!(hermes.default_headers.as_ref().unwrap()["x-tenant"], "5");
    let uris = config.amqp.unwrap().uris.unwrap();
    assert_eq!(uris[0].expose(), "amqp://a,b@one/");
    assert_eq!(
        config.health.checks["db"].timeout,
        Some(Duration::from_secs(1))
    );
    assert_eq!(config.dashboard.listen.port(), 80);
    assert_eq!(config.dashboard.controls_token.unwrap().expose(), "12345");
}

#[test]
fn a_variable_holds_against_every_file_and_a_later_file_against_an_earlier_one() {
    let loaded = Loader::new()
        .text(
            "a.toml",
            "[retry]\nmax_attempts = 1\nhistory = 1\nmax_elapsed = 1\n",
        )
        .text("b.toml", "[retry]\nmax_attempts = 2\nhistory = 2\n")
        .variables([("STEADFAST_RETRY__MAX_ATTEMPTS", "3")])
        .load()
        .unwrap();
    let retry = &loaded.config().retry;
    assert_eq!((retry.max_attempts, retry.history), (3, 2));
    assert_eq!(retry.max_elapsed, Some(Duration::from_millis(1)));
    let origin = |key: &str| loaded.origin(&format!("retry.{key}")).to_string();
    assert_eq!(origin("max_attempts"), "STEADFAST_RETRY__MAX_ATTEMPTS");
    assert_eq!(origin("history"), "b.toml:3:1");
    assert_eq!(origin("max_elapsed"), "a.toml:4:1");
    assert_eq!(loaded.origin("retry.max_backoff"), Origin::Default);
}

#[test]
fn names_have_no_case_and_components_keep_that_of_the_file() {
    let loader = Loader::new().text("a.toml", "[bulkheads.SearchIndex]\nmax_waiting = 1\n");
    let loader = loader.variables([
        ("steadfast_bulkheads__searchINDEX__MAX_concurrent", "7"),
        ("STEADFAST_BULKHEADS__LLM_REQUESTS__MAX_WAITING", "8"),
        ("STEADFAST_BULKHEADS__OTHER__MAX_WAITING", "9"),
    ]);
    let bulkheads = loader.load().unwrap().into_config().bulkheads;
    let search = &bulkheads["SearchIndex"];
    assert_eq!((search.max_concurrent, search.max_waiting), (7, 1));
    assert_eq!(bulkheads["llm_requests"].max_waiting, 8);
    assert_eq!(bulkheads["other"].max_waiting, 9);
    assert_eq!(bulkheads.len(), 5);
}

#[test]
fn what_the_name_of_a_variable_cannot_have_is_an_underscore_there() {
    let file = "[bulkheads.search-index]\nmax_waiting = 1\n[bulkheads.\"a.b\"]\n[bulkheads.a-b]\n";
    let loader = Loader::new().text("a.toml", file);
    let with = |variable| loader.clone().variables([(variable, "7")]).load();
    let loaded = with("STEADFAST_BULKHEADS__SEARCH_INDEX__MAX_CONCURRENT").unwrap();
    let bulkheads = &loaded.config().bulkheads;
    assert_eq!(bulkheads.len(), 6);
    let search = &bulkheads["search-index"];
    assert_eq!((search.max_concurrent, search.max_waiting), (7, 1));
    let unclear = with("STEADFAST_BULKHEADS__A_B__MAX_WAITING").unwrap_err();
    assert_eq!(
        unclear.to_string(),
        "STEADFAST_BULKHEADS__A_B__MAX_WAITING: bulkheads.a_b = .. (may mean a-b or a.b)"
    );
    let loaded = with("STEADFAST_HTTP_CLIENTS__A__DEFAULT_HEADERS__X_API_KEY").unwrap();
    let headers = loaded.config().http_clients["a"].default_headers.as_ref();
    assert_eq!(headers.unwrap()["x-api-key"], "7");
}

#[cfg(unix)]
#[test]
fn a_name_that_is_no_text_is_told() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let name = OsString::from_vec(b"STEADFAST_BULKHEADS__\xff__MAX_WAITING".to_vec());
    let loaded = Loader::new().variables([(name, "1")]).load().unwrap();
    assert_eq!(loaded.config().bulkheads.len(), 3);
    let told = describe(&loaded).to_string();
    let line = "# variables that mean nothing here: STEADFAST_BULKHEADS__\u{fffd}__MAX_WAITING\n";
    assert!(told.contains(line), "{told}");
}

#[test]
fn a_later_file_may_not_name_a_component_in_another_case() {
    let loader = Loader::new().text("a.toml", "[bulkheads.Search]\n");
    let loader = loader.text("b.toml", "\n[bulkheads.search]\n");
    assert_eq!(
        loader.load().unwrap_err().to_string(),
        "b.toml:2:12: bulkheads.search = a table (is named Search already (a.toml:1:12): names must \
         differ in more than case)"
    );
}

#[test]
fn what_is_wrong_is_told_with_the_variable() {
    for (name, value, said) in [
        (
            "STEADFAST_RETRY__MAX_ATTEMPTS",
            "0",
            "retry.max_attempts = 0 (must be at least 1)",
        ),
        (
            "STEADFAST_RETRY__MAX_ATEMPTS",
            "secret",
            "retry.max_atempts = .. (unknown key, did you mean max_attempts?)",
        ),
        (
            "STEADFAST_RETRI__MAX_ATTEMPTS",
            "3",
            "retri = .. (unknown key, did you mean retry?)",
        ),
        (
            "STEADFAST_RETRY",
            "secret",
            "retry = .. (is a table: a variable gives one key of it, which follows after __)",
        ),
        (
            "STEADFAST_BULKHEADS__A",
            "secret",
            "bulkheads.a = .. (is a table: a variable gives one key of it, which follows after __)",
        ),
        (
            "STEADFAST_BULKHEADS____MAX_WAITING",
            "1",
            "bulkheads.\"\" = a table (the name must have 1 to 128 bytes)",
        ),
        (
            "STEADFAST_RETRY__MAX_ATTEMPTS__X",
            "1",
            "retry.max_attempts.x = .. (unknown key)",
        ),
        (
            "STEADFAST_RETRY_ENABLED",
            "off",
            "retry_enabled = \"off\" (must be true or false)",
        ),
        (
            "STEADFAST_RETRY_ENABLD",
            "false",
            "retry_enabld = .. (unknown key, did you mean retry_enabled?)",
        ),
        (
            "STEADFAST_RETRY_MAX_ATTEMPTS",
            "3",
            "retry_max_attempts = .. (unknown key, did you mean STEADFAST_RETRY__MAX_ATTEMPTS?)",
        ),
        (
            "STEADFAST_BULKHEADS_LLM_REQUESTS_MAX_WAITING",
            "3",
            "bulkheads_llm_requests_max_waiting = .. (unknown key, did you mean \
             STEADFAST_BULKHEADS__LLM_REQUESTS__MAX_WAITING?)",
        ),
        (
            "STEADFAST_CIRCUIT_BREAKER_TIMEOUT",
            "3",
            "circuit_breaker_timeout = .. (unknown key, did you mean STEADFAST_CIRCUIT_BREAKER__TIMEOUT?)",
        ),
        (
            "STEADFAST_RETRY_BUDGET_SHARE",
            "3",
            "retry_budget_share = .. (unknown key, did you mean STEADFAST_RETRY__BUDGET__SHARE?)",
        ),
        (
            "STEADFAST_RETRY__BUDGET_SHARE",
            "3",
            "retry.budget_share = .. (unknown key, did you mean STEADFAST_RETRY__BUDGET__SHARE?)",
        ),
        (
            "STEADFAST_HEALTH_CHECKS_DB_TIMEOUT",
            "3",
            "health_checks_db_timeout = .. (unknown key, did you mean STEADFAST_HEALTH__CHECKS__DB__TIMEOUT?)",
        ),
        (
            "STEADFAST_BREAKERS_ENABLED",
            "false",
            "breakers_enabled = .. (unknown key, did you mean circuit_breakers_enabled?)",
        ),
        (
            "STEADFAST_HEALTH__CHECKS__A__DEPENDS_ON",
            "[\"a\", b]",
            "health.checks.a.depends_on = \"[\\\"a\\\", b]\" (must be a list of names)",
        ),
        (
            "STEADFAST_AMQP__URIS",
            "['amqp://u:secret@h/'",
            "amqp.uris = .. (must be a list of strings)",
        ),
        (
            "STEADFAST_HTTP_CLIENTS__A__DEFAULT_HEADERS__X Y",
            "secret",
            "http_clients.a.default_headers.\"x y\" = .. (must have the name of a header)",
        ),
        (
            "STEADFAST_HTTP_CLIENTS__A__DEFAULT_HEADERS__AUTHORIZATION__X",
            "secret",
            "http_clients.a.default_headers.authorization.x = .. (unknown key)",
        ),
        (
            "STEADFAST_DASHBOARD__LISTEN",
            "http://user:secret@host/",
            "dashboard.listen = .. (must be an address and a port like \"127.0.0.1:4000\")",
        ),
        (
            "STEADFAST_AMQP__URI",
            "amqp://rabbit/shop?password=a@secret",
            "amqp.uri = \"amqp://***\" (must have no query parameters but frame_max, channel_max, \
             heartbeat, connection_timeout and auth_mechanism)",
        ),
        (
            "STEADFAST_AMQP__URI",
            "http://user:secret@rabbit/",
            "amqp.uri = \"***\" (must be an address such as \
          amqp://user:password@host:5672/vhost, with special characters percent-encoded)",
        ),
    ] {
        assert_eq!(problems(&[(name, value)]), format!("{name}: {said}"));
    }
}

#[test]
fn two_variables_for_one_key_are_one_too_many() {
    assert_eq!(
        problems(&[
            ("STEADFAST_RETRY__MAX_ATTEMPTS", "3"),
            ("steadfast_retry__max_attempts", "4")
        ]),
        "steadfast_retry__max_attempts: retry.max_attempts = .. (is given already, by another variable)"
    );
    assert_eq!(
        problems(&[
            ("STEADFAST_CIRCUIT_BREAKER__OPEN_FOR", "3"),
            ("STEADFAST_CIRCUIT_BREAKER__TIMEOUT", "4")
        ]),
        "STEADFAST_CIRCUIT_BREAKER__TIMEOUT: circuit_breaker.open_for = .. (is given already, by another \
         variable)"
    );
    assert_eq!(
        problems(&[
            ("STEADFAST_RETRY__BUDGET", "true"),
            ("STEADFAST_RETRY__BUDGET__SHARE", "0.1")
        ]),
        "STEADFAST_RETRY__BUDGET__SHARE: retry.budget.share = .. (must not come with a variable for all of the table)"
    );
}

#[test]
fn a_rule_between_a_file_and_a_variable_is_told_at_the_variable() {
    let loader = Loader::new().text(
        "a.toml",
        "[retry]\nbase_backoff = '1m'\nmax_backoff = '2m'\n",
    );
    let loader = loader.variables([("STEADFAST_RETRY__MAX_BACKOFF", "30s")]);
    assert_eq!(
        loader.load().unwrap_err().to_string(),
        "STEADFAST_RETRY__MAX_BACKOFF: retry.max_backoff = \"30s\" (must be at least base_backoff)"
    );
}

#[test]
fn a_variable_replaces_a_table_by_a_switch_and_the_other_way_round() {
    let text = "[retry]\nbudget = { share = 0.5 }\n[retries.a]\nbudget = false\n";
    let loader = Loader::new().text("a.toml", text);
    let loader = loader.variables([
        ("STEADFAST_RETRY__BUDGET", "false"),
        ("STEADFAST_RETRIES__A__BUDGET__SHARE", "0.25"),
    ]);
    let config = loader.load().unwrap().into_config();
    assert_eq!(config.retry.budget, None);
    assert_eq!(config.retries["a"].budget.unwrap().share, 0.25);
}

#[test]
fn variables_of_others_are_left_alone_and_told() {
    let loader = with(&[
        ("STEADFAST_SERVICE_HOST", "10.0.0.1"),
        ("STEADFAST_PORT_4000_TCP_ADDR", "10.0.0.1"),
        ("STEADFAST_BULKHEADS_PORT", "tcp://10.0.0.1:80"),
        ("STEADFAST_BLESS", "1"),
        ("STEADFAST_CONFIG", "elsewhere.toml"),
        ("STEADFASTLY__X", "1"),
        ("OTHER__RETRY__MAX_ATTEMPTS", "0"),
    ]);
    let told = describe(&loader.load().unwrap()).to_string();
    let line = "# variables that mean nothing here: STEADFAST_BLESS, STEADFAST_BULKHEADS_PORT, STEADFAST_PORT_4000_TCP_ADDR, \
                STEADFAST_SERVICE_HOST\n";
    assert!(told.contains(line), "{told}");
    assert!(!describe(&load("")).to_string().contains("mean nothing"));
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_told() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(vec![0xff]);
    let loader = Loader::new().variables([("STEADFAST_SERVICE__NAME", value)]);
    assert_eq!(
        loader.load().unwrap_err().to_string(),
        "STEADFAST_SERVICE__NAME: service.name = .. (must be UTF-8)"
    );
}

#[test]
fn the_name_of_a_variable_does_not_break_a_line() {
    assert_eq!(
        problems(&[("STEADFAST_RETRY__A\nB", "1")]),
        "STEADFAST_RETRY__A\\nB: retry.\"a\\nb\" = .. (unknown key)"
    );
}
