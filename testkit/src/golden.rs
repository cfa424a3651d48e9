//! Files that a test holds to what the code says, and that it writes itself when it is told to.

use std::{env, fs, path::Path};

/// Set to `1`, it makes [`golden()`] and [`golden_section`] write instead of complain.
const BLESS: &str = "STEADFAST_BLESS";

/// Holds the file to `expected`.
///
/// # Panics
///
/// When the file is not there or has anything else in it, with the first line that differs. With
/// `STEADFAST_BLESS=1` in the environment it is written instead: look at what `git diff` says then.
///
/// # Examples
///
/// ```
/// let path = std::env::temp_dir().join(format!("golden-{}.txt", std::process::id()));
/// std::fs::write(&path, "calls\n").unwrap();
/// steadfast_testkit::golden(&path, "calls\n");
/// # std::fs::remove_file(&path).unwrap();
/// ```
pub fn golden(path: impl AsRef<Path>, expected: &str) {
    hold(path.as_ref(), expected, is_blessing());
}

/// Holds what is in the file between the lines `<!-- begin: name -->` and `<!-- end: name -->` to
/// `expected`.
///
/// # Panics
///
/// As [`golden()`], and when the file is not there or has no such lines.
pub fn golden_section(path: impl AsRef<Path>, name: &str, expected: &str) {
    let path = path.as_ref();
    let whole = with_section(path, name, expected);
    hold(path, &whole, is_blessing());
}

fn is_blessing() -> bool {
    env::var_os(BLESS).is_some_and(|value| value == "1")
}

fn with_section(path: &Path, name: &str, expected: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let (begin, end) = (
        format!("<!-- begin: {name} -->\n"),
        format!("<!-- end: {name} -->\n"),
    );
    let parts = text.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let Some((before, after)) = parts else {
        panic!("{path:?} has no section {name:?}");
    };
    format!("{before}{begin}{expected}{end}{after}")
}

fn hold(path: &Path, expected: &str, bless: bool) {
    let found = fs::read_to_string(path).unwrap_or_default();
    if found == expected {
        return;
    }
    if bless {
        fs::write(path, expected).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        return;
    }
    let (mut found, mut expected) = (found.lines(), expected.lines());
    let differ = loop {
        match (found.next(), expected.next()) {
            (None, None) => break ("the same lines", "another end"),
            (one, other) if one != other => {
                break (one.unwrap_or("nothing"), other.unwrap_or("nothing"));
            }
            _ => {}
        }
    };
    panic!(
        "{path:?} is not what the code says; {BLESS}=1 writes it\n  it has: {}\n  code:   {}",
        differ.0, differ.1
    );
}

#[cfg(test)]
mod tests {
    use std::{panic, path::PathBuf, process};

    use super::*;

    fn file(name: &str, text: &str) -> PathBuf {
        let path = env::temp_dir().join(format!("steadfast-{}-{name}", process::id()));
        fs::write(&path, text).expect("a file");
        path
    }

    #[test]
    fn a_difference_is_told_and_written_only_when_blessed() {
        let path = file("golden", "calls\nstate\n");
        hold(&path, "calls\nstate\n", false);
        let told = panic::catch_unwind(|| hold(&path, "calls\nmode\n", false)).unwrap_err();
        let told = told.downcast_ref::<String>().expect("a text");
        assert!(
            told.contains("it has: state") && told.contains("code:   mode"),
            "{told}"
        );
        assert_eq!(fs::read_to_string(&path).expect("a file"), "calls\nstate\n");

        hold(&path, "calls\nmode\n", true);
        hold(&path, "calls\nmode\n", false);
        fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_section_leaves_the_rest_as_it_is() {
        let path = file("section", "a\n<!-- begin: t -->\nold\n<!-- end: t -->\nz\n");
        let whole = with_section(&path, "t", "new\n");
        assert_eq!(whole, "a\n<!-- begin: t -->\nnew\n<!-- end: t -->\nz\n");
        assert!(panic::catch_unwind(|| with_section(&path, "other", "")).is_err());
        fs::remove_file(path).expect("removed");
    }
}
