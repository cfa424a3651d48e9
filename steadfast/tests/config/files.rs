//! Files that are there, that are not, and that cannot be read.

use std::process::Command;
use std::{env, fs};

use steadfast::config::{Config, Loader};
use tempfile::TempDir;

/// What is said of a file with these bytes, without its folder.
fn said(bytes: &[u8]) -> String {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("steadfast.toml");
    fs::write(&path, bytes).unwrap();
    let errors = Loader::new().file(&path).load().unwrap_err().to_string();
    errors.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn a_file_that_is_missing_must_not_be_unless_it_may() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("steadfast.toml");
    let missing = Loader::new().file(&path).load().unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("{}: there is no such file", path.display())
    );
    let loaded = Loader::new().optional_file(&path).load().unwrap();
    assert_eq!(loaded.files().count(), 0);
    assert_eq!(loaded.config(), &Config::default());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_an_error_even_if_the_file_may_be_missing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("steadfast.toml");
    std::os::unix::fs::symlink("nowhere", &path).unwrap();
    let missing = Loader::new().optional_file(&path).load().unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("{}: there is no such file", path.display())
    );
}

#[test]
fn a_file_that_may_be_missing_is_an_error_if_it_cannot_be_looked_at() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    // Not a folder: whether it is there is not to be known, as with one without access.
    let path = folder.path().join("file/steadfast.toml");
    let errors = Loader::new().optional_file(&path).load().unwrap_err();
    let start = format!("{}: the file cannot be read: ", path.display());
    assert!(errors.to_string().starts_with(&start), "{errors}");
}

#[test]
fn a_directory_is_no_file() {
    let folder = TempDir::new().unwrap();
    let errors = Loader::new().file(folder.path()).load().unwrap_err();
    let path = folder.path().display();
    assert_eq!(
        errors.to_string(),
        format!("{path}: must be a file, and is a directory")
    );
}

#[cfg(unix)]
#[test]
fn a_device_is_no_file() {
    let errors = Loader::new().file("/dev/zero").load().unwrap_err();
    assert_eq!(errors.to_string(), "/dev/zero: must be a regular file");
}

#[test]
fn bytes_that_are_no_text_are_told_with_their_line() {
    let rule = "steadfast.toml: the file must be UTF-8, and is not in line 2";
    assert_eq!(said(b"[service]\nname = \"\xff\"\n"), rule);
}

#[test]
fn a_file_is_of_one_mebibyte_at_most() {
    let mut bytes = vec![b'\n'; 1024 * 1024 + 1];
    assert_eq!(
        said(&bytes),
        "steadfast.toml: the file must not be larger than 1 MiB"
    );
    bytes.truncate(1024 * 1024);
    bytes.splice(1024 * 1024 - 3.., *b"x=1");
    assert_eq!(
        said(&bytes),
        "steadfast.toml:1048574:1: x = 1 (unknown key)"
    );
}

#[test]
fn every_source_is_told_about_in_their_order() {
    let loader = Loader::new()
        .file("/nowhere/a.toml")
        .text("b.toml", "[retry")
        .text("a.toml", "[retry]\nmax_attempts = 0\nhistory = -1")
        .variables([
            ("STEADFAST_SHUTDOWN__GRACE", "soon"),
            ("STEADFAST_RETRY__MAX_ELAPSED", "0"),
        ]);
    assert_eq!(
        loader.load().unwrap_err().to_string(),
        "/nowhere/a.toml: there is no such file\n\
         b.toml:1:7: unclosed table, expected `]`\n\
         a.toml:2:1: retry.max_attempts = 0 (must be at least 1)\n\
         a.toml:3:1: retry.history = -1 (must be a whole number from 0 to 1000)\n\
         STEADFAST_RETRY__MAX_ELAPSED: retry.max_elapsed = 0 (must be longer than zero)\n\
         STEADFAST_SHUTDOWN__GRACE: shutdown.grace = \"soon\" (must be a duration like \"1m 30s\", or whole \
         milliseconds)"
    );
}

#[test]
fn an_empty_file_and_one_with_a_mark_of_its_encoding_are_good() {
    for text in ["", "\u{feff}[retry]\n", "# nothing\n"] {
        let loaded = Loader::new().text("a.toml", text).load().unwrap();
        assert_eq!(loaded.config(), &Config::default(), "{text:?}");
    }
}

#[test]
fn a_loader_that_is_asked_again_reads_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("steadfast.toml");
    let loader = Loader::new().optional_file(&path);
    let attempts = || {
        loader
            .load()
            .map(|loaded| loaded.config().retry.max_attempts)
    };
    assert_eq!(attempts(), Ok(5));
    fs::write(&path, "retry.max_attempts = 3").unwrap();
    assert_eq!(attempts(), Ok(3));
    fs::write(&path, "retry.max_attempts = 0").unwrap();
    assert!(attempts().is_err());
    fs::remove_file(&path).unwrap();
    assert_eq!(attempts(), Ok(5));
}

/// What the process below is asked: run by the test beneath, with an environment of its own.
#[test]
#[ignore = "is run by the_process_loads_what_its_environment_names"]
#[expect(clippy::print_stdout, reason = "it is read by the test beneath")]
fn child() {
    match Config::load() {
        Ok(loaded) => println!(
            "name={} retries={}",
            loaded.config().service.name,
            loaded.config().retry_enabled
        ),
        Err(errors) => println!("errors={errors}"),
    }
}

#[test]
fn the_process_loads_what_its_environment_names() {
    let folder = TempDir::new().unwrap();
    fs::write(
        folder.path().join("steadfast.toml"),
        "service.name = 'found'",
    )
    .unwrap();
    fs::write(folder.path().join("other.toml"), "service.name = 'named'").unwrap();
    let run = |variables: &[(&str, &str)]| {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", "files::child", "--ignored", "--nocapture"]);
        child
            .current_dir(folder.path())
            .env_remove("STEADFAST_CONFIG");
        let output = child.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let found = run(&[("STEADFAST_RETRY_ENABLED", "false")]);
    assert!(found.contains("name=found retries=false"), "{found}");
    let named = run(&[("STEADFAST_CONFIG", "other.toml")]);
    assert!(named.contains("name=named retries=true"), "{named}");
    let missing = run(&[("STEADFAST_CONFIG", "missing.toml")]);
    assert!(
        missing.contains("errors=missing.toml: there is no such file"),
        "{missing}"
    );
    let lower = run(&[("steadfast_config", "other.toml")]);
    assert!(lower.contains("name=named retries=true"), "{lower}");
    let none = run(&[("STEADFAST_CONFIG", ""), ("STEADFAST_RETRY_ENABLED", "x")]);
    let rule = "errors=STEADFAST_CONFIG: must name a file\nSTEADFAST_RETRY_ENABLED: ";
    assert!(none.contains(rule), "{none}");
    let two = run(&[("STEADFAST_CONFIG", "a"), ("steadfast_config", "b")]);
    let rule = "errors=STEADFAST_CONFIG: is given twice, in different case\n";
    assert!(two.contains(rule), "{two}");
}
