//! A budget within a config, and by itself.

use std::time::Duration;

use steadfast_retry::{BudgetConfig, Config, Retry};

use super::{problems, problems_of, read};

fn budget(value: &str) -> Option<BudgetConfig> {
    read(&format!(r#"{{"budget": {value}}}"#)).budget
}

#[test]
fn a_budget_is_there_or_not() {
    assert_eq!(read("{}").budget, None);
    assert_eq!(budget("false"), None);
    assert_eq!(budget("true"), Some(BudgetConfig::default()));
    assert_eq!(budget("{}"), Some(BudgetConfig::default()));
}

#[test]
fn a_table_gives_its_settings_and_the_rest_has_its_defaults() {
    let mut expected = BudgetConfig::default();
    expected.share = 0.05;
    assert_eq!(budget(r#"{"share": 0.05}"#), Some(expected));
    expected.window = Duration::from_secs(30);
    assert_eq!(
        budget(r#"{"share": 0.05, "window": "30s"}"#),
        Some(expected)
    );
}

#[test]
fn its_problems_are_told_with_their_path_and_all_others() {
    let told = problems(
        r#"{
            "max_attempts": 0,
            "budget": {
                "shares": 0.1,
                "min_per_second": "many",
                "window": "2m",
                "share": -1,
                "window": 3
            },
            "jitter": "some"
        }"#,
    );
    assert_eq!(
        told,
        [
            "budget.shares = 0.1 (unknown key, did you mean share?)",
            "budget.min_per_second = \"many\" (must be a number)",
            "budget.window = 3 (is given already: window = \"2m\")",
            "budget.share = -1 (must be at least 0 and at most 10)",
            "budget.window = \"2m\" (must be at least 1 s and at most 60 s)",
            "jitter = \"some\" (must be \"none\", \"full\", \"equal\", true, false, \
             or a share from 0 to 1 as a number)",
            "max_attempts = 0 (must be at least 1)",
        ]
    );
}

#[test]
fn what_is_no_budget_is_refused() {
    for (value, shown) in [
        ("null", "null"),
        ("0.2", "0.2"),
        ("\"10%\"", "\"10%\""),
        ("[0.2, 1]", "a list"),
    ] {
        assert_eq!(
            problems(&format!(r#"{{"budget": {value}}}"#)),
            [format!(
                "budget = {shown} (must be true, false or a table of settings)"
            )]
        );
    }
    let error = toml::from_str::<Config>("budget = 2020-02-20").unwrap_err();
    assert_eq!(
        error.message(),
        "budget = a date or time (must be true, false or a table of settings)"
    );
}

#[test]
fn a_budget_is_given_once() {
    assert_eq!(
        problems(r#"{"budget": true, "budget": {"share": 99}}"#),
        ["budget = a table (is given already: budget = true)"]
    );
}

#[test]
fn it_is_a_table_by_itself_too() {
    let config: BudgetConfig = toml::from_str("min_per_second = 0\nwindow = 1000").unwrap();
    assert_eq!(config.min_per_second, 0.0);
    assert_eq!(config.window, Duration::from_secs(1));
    assert_eq!(
        toml::to_string(&config).unwrap(),
        "share = 0.2\nmin_per_second = 0.0\nwindow = \"1s\"\n"
    );
    assert_eq!(
        problems_of::<BudgetConfig>(r#"{"share": 10.5, "sahre": 1, "window": true}"#),
        [
            "sahre = 1 (unknown key, did you mean share?)",
            "window = true (must be a duration like \"1m 30s\", or whole milliseconds)",
            "share = 10.5 (must be at least 0 and at most 10)",
        ]
    );
    let error = serde_json::from_str::<BudgetConfig>("true").unwrap_err();
    assert!(
        error.to_string().contains("a table of budget settings"),
        "{error}"
    );
}

#[test]
fn a_budget_that_was_read_is_the_one_that_is_built() {
    let config = read(r#"{"budget": {"share": 0.5, "min_per_second": 3}}"#);
    let expected = config.budget.unwrap();
    let retry = Retry::builder("payments").config(config).build().unwrap();
    assert_eq!(retry.budget().unwrap().config(), expected);
}
