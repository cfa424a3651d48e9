//! Sections whose feature is off. The step `test without features` of `.ci/run` runs this with all of them off.

use steadfast::config::{Config, Loader, describe, schema};

/// A key, a value, what a feature is called and whether it is on.
const SECTIONS: &[(&str, &str, &str, bool)] = &[
    ("http_clients", "{ a = {} }", "http", cfg!(feature = "http")),
    ("amqp", "{}", "amqp", cfg!(feature = "amqp")),
    ("health", "{}", "health", cfg!(feature = "health")),
    ("telemetry", "{}", "telemetry", cfg!(feature = "telemetry")),
    ("dashboard", "{}", "dashboard", cfg!(feature = "dashboard")),
];

#[test]
fn a_section_whose_feature_is_off_is_refused_with_the_name_of_the_feature() {
    for (section, value, feature, is_on) in SECTIONS {
        let loaded = Loader::new()
            .text("a.toml", format!("{section} = {value}"))
            .load();
        if *is_on {
            assert!(loaded.is_ok());
        } else {
            let said = format!(
                "a.toml:1:1: {section} = a table (needs the cargo feature {feature} of steadfast, which is off)"
            );
            assert_eq!(loaded.unwrap_err().to_string(), said);
        }
    }
}

#[test]
fn a_variable_for_such_a_section_is_refused_too() {
    for (section, _, feature, is_on) in SECTIONS {
        let name = format!("STEADFAST_{}__A__B", section.to_uppercase());
        let said = Loader::new()
            .variables([(&name, "1")])
            .load()
            .unwrap_err()
            .to_string();
        if !is_on {
            let expected = format!(
                "{name}: {section} = .. (needs the cargo feature {feature} of steadfast, which is off)"
            );
            assert_eq!(said, expected);
        }
    }
}

#[test]
fn what_is_there_without_any_feature_is_told_and_nothing_else() {
    let loaded = Loader::new().load().unwrap();
    assert_eq!(loaded.config(), &Config::default());
    let told = describe(&loaded).to_string();
    for (section, _, _, is_on) in SECTIONS {
        assert!(*is_on || !told.contains(&format!("{section}.")), "{told}");
        assert_eq!(schema().contains(&format!("\"{section}\"")), *is_on);
    }
    assert!(told.contains("\nretry.max_attempts = 5 # default\n"));
}
