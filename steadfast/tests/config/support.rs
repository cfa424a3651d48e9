//! What the tests share.

use std::fs;
use std::path::{Path, PathBuf};

use steadfast::config::{Config, Loaded, Loader};

/// Where this package is.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What a file of this text comes to.
pub(crate) fn load(text: &str) -> Loaded {
    let loaded = Loader::new().text("test.toml", text).load();
    loaded.unwrap_or_else(|errors| panic!("{errors}"))
}

/// The settings that a file of this text comes to.
pub(crate) fn config(text: &str) -> Config {
    load(text).into_config()
}

/// All files of a folder of the tests whose names end so, in order.
pub(crate) fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(package().join("tests/config").join(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == end));
    files.sort();
    files
}

/// The name of a file.
pub(crate) fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Holds a text to what is written in a file; with `STEADFAST_BLESS=1` it is written there.
pub(crate) fn golden(path: &Path, text: &str) -> Result<(), String> {
    if std::env::var_os("STEADFAST_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    if expected == text {
        Ok(())
    } else {
        let path = path.display();
        Err(format!("{path} has\n{expected}\nand it should be\n{text}"))
    }
}
