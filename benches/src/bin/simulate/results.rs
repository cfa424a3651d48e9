//! The folder with the results, and what belongs in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use steadfast_benches::simulation::Failure;

use crate::table::Table;

/// What `cargo xtask faults` and `cargo xtask http-compare` write there.
const NOT_OURS: [&str; 2] = ["amqp_faults.md", "http_compare.md"];

/// One file of the folder.
#[derive(Debug)]
pub(crate) struct File {
    name: &'static str,
    text: String,
}

impl File {
    pub(crate) fn new(name: &'static str, text: String) -> Self {
        Self { name, text }
    }
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Results {
    folder: PathBuf,
}

impl Results {
    /// `benches/results` of the checkout that cargo runs us in, which may be another one than we were
    /// built in.
    pub(crate) fn folder() -> Self {
        let package = std::env::var_os("CARGO_MANIFEST_DIR");
        let package = package.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Self {
            folder: Path::new(&package).join("results"),
        }
    }

    pub(crate) fn write(&self, files: &[File]) -> Result<String, Failure> {
        let says = |error| format!("{}: {error}", self.folder.display());
        fs::create_dir_all(&self.folder).map_err(says)?;
        for file in files {
            fs::write(self.folder.join(file.name), &file.text).map_err(says)?;
        }
        Ok(format!("wrote {} files to benches/results", files.len()))
    }

    /// Compares byte by byte, and looks for files that no run writes.
    pub(crate) fn check(&self, files: &[File]) -> Result<String, Failure> {
        let mut wrong: Vec<_> = files.iter().filter_map(|file| self.differs(file)).collect();
        let ours = files.iter().map(|file| file.name).chain(NOT_OURS);
        let ours: BTreeSet<_> = ours.map(str::to_owned).collect();
        for stray in self.present()?.difference(&ours) {
            wrong.push(format!("  {stray}: no run writes it"));
        }
        if wrong.is_empty() {
            return Ok(format!(
                "{} files in benches/results are what this run gives",
                files.len()
            ));
        }
        let wrong = wrong.join("\n");
        Err(format!(
            "benches/results is not what this run gives:\n{wrong}\n\
             If the figures should have changed, run `cargo xtask simulate` and commit them."
        )
        .into())
    }

    fn present(&self) -> Result<BTreeSet<String>, Failure> {
        let says = |error| format!("{}: {error}", self.folder.display());
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&self.folder).map_err(says)? {
            names.insert(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// Where a file on disk first differs from the given one, if it does.
    fn differs(&self, file: &File) -> Option<String> {
        let there = match fs::read_to_string(self.folder.join(file.name)) {
            Ok(there) => there,
            Err(error) => return Some(format!("  {}: {error}", file.name)),
        };
        if there == file.text {
            return None;
        }
        let same = there
            .lines()
            .zip(file.text.lines())
            .take_while(|(there, here)| there == here)
            .count();
        let line = |text: &str| text.lines().nth(same).unwrap_or("(its end)").to_owned();
        Some(format!(
            "  {}, line {}:\n    there: {}\n    now:   {}",
            file.name,
            same + 1,
            line(&there),
            line(&file.text)
        ))
    }
}

/// The text in `readme.md` with each table in the place of its name in braces.
pub(crate) fn readme(tables: &[(&str, Table)]) -> Result<String, Failure> {
    let mut text = include_str!("readme.md").to_owned();
    for (name, table) in tables {
        let place = format!("{{{name}}}\n");
        if !text.contains(&place) {
            return Err(format!("readme.md has no place for the table {name}").into());
        }
        text = text.replace(&place, &table.to_string());
    }
    Ok(text)
}
