//! A preset by its name, and what is given with it.

use steadfast_bulkhead::Config;

use super::{problems, read};

#[test]
fn each_preset_has_its_name() {
    for (name, preset) in [
        ("amqp_channels", Config::amqp_channels()),
        ("http_connections", Config::http_connections()),
        ("llm_requests", Config::llm_requests()),
    ] {
        assert_eq!(read(&format!(r#"{{"preset": "{name}"}}"#)), preset);
    }
}

#[test]
fn what_is_given_changes_the_preset_wherever_it_stands() {
    let mut expected = Config::llm_requests();
    expected.max_concurrent = 3;
    expected.low_share = 2;
    for json in [
        r#"{"preset": "llm_requests", "max_concurrent": 3, "low_share": 2}"#,
        r#"{"max_concurrent": 3, "preset": "llm_requests", "low_share": 2}"#,
        r#"{"max_concurrent": 3, "low_share": 2, "preset": "llm_requests"}"#,
    ] {
        assert_eq!(read(json), expected);
    }
}

#[test]
fn an_unknown_preset_is_told_first_and_with_those_that_there_are() {
    assert_eq!(
        problems(r#"{"max_wait": true, "low_share": 0, "preset": "llm"}"#),
        [
            "preset = \"llm\" (must be \"amqp_channels\", \"http_connections\" or \"llm_requests\")",
            "max_wait = true (unknown key, did you mean max_waiting?)",
            "low_share = 0 (must be from 1 to 100)",
        ]
    );
}

#[test]
fn what_is_no_name_is_no_preset() {
    for (value, shown) in [
        ("true", "true"),
        ("10", "10"),
        ("null", "null"),
        ("{}", "a table"),
        (r#"["llm_requests"]"#, "a list"),
        (r#""LLM_REQUESTS""#, r#""LLM_REQUESTS""#),
    ] {
        let told = problems(&format!(r#"{{"preset": {value}}}"#));
        let expected = format!("preset = {shown} (must be \"amqp_channels\", ");
        assert!(told[0].starts_with(&expected), "{told:?}");
    }
}

#[test]
fn a_preset_is_given_once() {
    assert_eq!(
        problems(r#"{"preset": "amqp_channels", "max_waiting": 1, "preset": "llm_requests"}"#),
        ["preset = \"llm_requests\" (is given already: preset = \"amqp_channels\")"]
    );
}

#[test]
fn a_misspelt_preset_key_is_told() {
    assert_eq!(
        problems(r#"{"presets": "llm_requests"}"#),
        ["presets = \"llm_requests\" (unknown key, did you mean preset?)"]
    );
}
