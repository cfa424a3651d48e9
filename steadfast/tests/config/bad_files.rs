//! Each file of `bad/` has beside it what must be said of it, to the letter.

use std::fs;

use steadfast::config::Loader;

use crate::support::{files, golden, name};

#[test]
fn of_every_bad_file_it_is_said_what_is_wrong_and_where() {
    let bad = files("bad", "toml");
    assert!(bad.len() >= 40, "{} files", bad.len());
    let mut wrong = Vec::new();
    for path in bad {
        let text = fs::read_to_string(&path).unwrap();
        let said = match Loader::new().text(name(&path), text).load() {
            Ok(_) => "nothing is wrong".to_owned(),
            Err(errors) => errors.to_string(),
        };
        let expected = path.with_extension("txt");
        if let Err(difference) = golden(&expected, &format!("{said}\n")) {
            wrong.push(difference);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn no_file_that_is_called_bad_is_good_and_none_gives_a_secret_away() {
    for path in files("bad", "txt") {
        let said = fs::read_to_string(&path).unwrap();
        assert!(!said.contains("nothing is wrong"), "{}", path.display());
        assert!(!said.contains("secret"), "{}", path.display());
    }
}

#[test]
fn problems_are_data_too() {
    let text = "[retry]\nmax_attempts = 0\n[amqp]\nuri = 5\n";
    let errors = Loader::new().text("x.toml", text).load().unwrap_err();
    let [first, second] = errors.problems() else {
        panic!("{errors}");
    };
    assert_eq!(first.key, "retry.max_attempts");
    assert_eq!(first.value.as_deref(), Some("0"));
    assert_eq!(first.rule, "must be at least 1");
    assert_eq!(first.origin.to_string(), "x.toml:2:1");
    assert_eq!(
        second.to_string(),
        "x.toml:4:1: amqp.uri = 5 (must be a string)"
    );
}
