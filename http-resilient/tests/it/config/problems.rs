//! Everything wrong is told at once, each as `key = value (rule)`.

use steadfast_http::HttpClientConfig;

use super::clients;

#[track_caller]
fn problems(json: &str) -> Vec<String> {
    let error = serde_json::from_str::<HttpClientConfig>(json).unwrap_err();
    let text = error.to_string();
    let (text, _position) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
    text.split("; ").map(str::to_owned).collect()
}

#[test]
fn one_error_tells_everything_that_is_wrong_with_a_table() {
    let told = problems(
        r#"{
            "base_url": "hunter2",
            "max_atempts": 3,
            "attempt_timeout": "soon",
            "total_timeout": -1,
            "max_waiting": 1.5,
            "max_concurrent": 0,
            "coalesce": "yes",
            "max_concurrent": 3,
            "budget_share": "all",
            "failure_threshold": 4294967296,
            "abandoned_as": "success",
            "propagation": "any",
            "default_headers": {"x y": "hunter2", "x-a": 1, "x-b": "1", "X-B": "2"},
            "breaker": {"max_prob": 3, "failure_rate": 2.5, "window": 0},
            "user_agent": "two\nlines",
            "hedge": true,
            "secret": "hunter2",
            "read_timeout": 0
        }"#,
    );
    assert_eq!(
        told,
        [
            // What cannot be read, in the order of the file.
            "base_url = .. (must be a whole URL of http or https, without query and fragment)",
            "max_atempts = 3 (unknown key, did you mean max_attempts?)",
            "attempt_timeout = \"soon\" (must be a duration like \"1m 30s\", or whole milliseconds)",
            "total_timeout = -1 (must be a duration like \"1m 30s\", or whole milliseconds)",
            "max_waiting = 1.5 (must be a whole number)",
            "coalesce = \"yes\" (must be true or false)",
            "max_concurrent = 3 (is given already: max_concurrent = 0)",
            "budget_share = \"all\" (must be a number)",
            "failure_threshold = 4294967296 (must not be as large as that)",
            "abandoned_as = \"success\" (must be \"ignored\" or \"failure\")",
            "propagation = \"any\" (must be a list of strings)",
            "default_headers.x y = .. (must have the name of a header)",
            "default_headers.x-a = .. (must be a string that a header can have, or a list of such)",
            "default_headers.X-B = .. (is given already)",
            "breaker.max_prob = 3 (unknown key, did you mean max_probes?)",
            "breaker.window = 0 (must be 1 to 1000000 calls, or a duration from 1 ms to 1 h as a string \
             like \"10s\")",
            "breaker.failure_rate = 2.5 (must be more than 0 and at most 1)",
            "user_agent = \"two\\nlines\" (must be a string that a header can have)",
            "hedge = true (must be a table of hedge settings)",
            "secret = .. (unknown key)",
            // The rules that the rest breaks, in the order of the builder's methods.
            "read_timeout = 0ns (must be longer than zero)",
            "max_concurrent = 0 (must be at least 1)",
        ]
    );
}

#[test]
fn one_error_tells_everything_that_is_wrong_with_two_clients_and_their_defaults() {
    let told = clients(
        "[defaults]
         total_timeout = 0
         max_atempts = 3
         base_backoff = '10s'
         [hermes_client]
         max_concurrent = 0
         max_backoff = '1s'
         breaker = { max_probes = 0 }
         [external_api_client]
         base_url = 'ftp://me:hunter2@files.example/'
         checkout_timeout = 'long'
         max_backoff = '20s'
         \"odd name\" = 1
         [\"an api\"]
         max_attempts = 0
         max_backoff = '20s'",
    );
    assert_eq!(
        told.unwrap_err(),
        [
            "\"an api\".max_attempts = 0 (must be at least 1)",
            "defaults.max_atempts = 3 (unknown key, did you mean max_attempts?)",
            "defaults.total_timeout = 0ns (must be longer than zero)",
            "external_api_client.base_url = \"ftp://files.example/\" (must be a whole URL of http or \
             https, without query and fragment)",
            "external_api_client.checkout_timeout = \"long\" (must be a duration like \"1m 30s\", or \
             whole milliseconds)",
            "external_api_client.odd name = 1 (unknown key)",
            "hermes_client.breaker.max_probes = 0 (must be at least 1)",
            "hermes_client.max_backoff = 1s (must be at least base_backoff)",
            "hermes_client.max_concurrent = 0 (must be at least 1)",
        ]
    );
}

#[test]
fn a_setting_that_cannot_be_read_breaks_no_rule_of_another() {
    for json in [
        r#"{"base_backoff": "x", "max_backoff": 1}"#,
        r#"{"base_backoff": "10s", "max_backoff": "x"}"#,
    ] {
        let told = problems(json);
        assert_eq!(told.len(), 1, "{told:?}");
    }
    let told = clients("[defaults]\nbase_backoff = 'x'\n[a]\nmax_backoff = 1").unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    let told = clients("[defaults]\nmax_attempts = 'x'\n[a]\nmax_attempts = 0").unwrap_err();
    assert_eq!(told.len(), 2, "the client's own is broken too: {told:?}");
}

#[test]
fn what_is_no_table_is_told() {
    assert_eq!(
        problems("5"),
        ["5 (must be a table of http client settings)"]
    );
    assert_eq!(
        clients("max_attempts = 5\nkey = 'hunter2'\n[a]").unwrap_err(),
        [
            "key = .. (must be a table of http client settings)",
            "max_attempts = 5 (must be a table of http client settings)",
        ]
    );
    assert_eq!(
        clients("['']").unwrap_err(),
        ["\"\".name = \"\" (must not be empty)"]
    );
}

#[cfg(feature = "rate-limit")]
#[test]
fn a_rate_is_a_table_of_two() {
    for rate in [
        "5",
        "{}",
        r#"{"per_second": 5}"#,
        r#"{"burst": 5, "burst": 5}"#,
    ] {
        let told = problems(&format!(r#"{{"rate_limit": {rate}}}"#));
        let rule = "(must be a table of per_second, a number, and burst, a whole number)";
        assert!(told[0].ends_with(rule), "{told:?}");
    }
    let told = problems(r#"{"rate_limit": {"burst": 0, "per_second": 5}}"#);
    assert_eq!(told, ["rate_limit = 0 (must allow a burst of at least 1)"]);
}

#[cfg(not(feature = "rate-limit"))]
#[test]
fn a_rate_needs_its_feature() {
    let told = problems(r#"{"rate_limit": {"burst": 1, "per_second": 5}}"#);
    let rule = "needs the feature rate-limit of steadfast-http";
    assert_eq!(told, [format!("rate_limit = a table ({rule})")]);
}

#[test]
fn durations_are_text_or_whole_milliseconds() {
    for (given, millis) in [("1500", 1500), ("'1s 500ms'", 1500), ("'2min'", 120_000)] {
        let config = super::read(&format!("read_timeout = {given}"));
        let read = config.read_timeout.unwrap();
        assert_eq!(read.as_millis(), millis, "{given}");
    }
}

#[test]
fn more_headers_than_there_can_be_are_told() {
    let headers: Vec<_> = (0..40_000).map(|i| format!("\"x-{i}\": \"1\"")).collect();
    let told = problems(&format!(
        "{{\"default_headers\": {{{}}}}}",
        headers.join(", ")
    ));
    let [told] = &told[..] else {
        panic!("{} problems", told.len());
    };
    let rule = " = .. (must not come after as many headers as there can be)";
    assert!(
        told.starts_with("default_headers.x-") && told.ends_with(rule),
        "{told}"
    );
}
