//! A browser, and what drives it: Debian's Chromium, Node, and packages from npm in a folder of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::install::{self, Package};
use crate::python::cache;
use crate::run::{command_line, root};

/// The packages that a folder's `package-lock.json` names, and where the tests are told of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Browser {
    /// What it is called, also its folder.
    pub name: &'static str,
    /// The folder of the workspace with `package.json` and `package-lock.json`.
    pub folder: &'static str,
    /// The variable that tells the tests where the packages are.
    pub variable: &'static str,
}

/// What drives the dashboard's page and judges its accessibility.
pub const CHROMIUM: Browser = Browser {
    name: "chromium",
    folder: "e2e",
    variable: "STEADFAST_E2E_MODULES",
};

/// What is needed of Debian. The tests find the browser and `node` where it puts them.
const PROGRAMS: [Package; 3] = [
    Package {
        name: "chromium",
        shows: "/usr/bin/chromium",
    },
    Package {
        name: "nodejs",
        shows: "/usr/bin/node",
    },
    Package {
        name: "npm",
        shows: "/usr/bin/npm",
    },
];

/// Each package is held to one version and to the checksum of its contents.
const LOCK: &str = "package-lock.json";

impl Browser {
    /// Where its packages are; Node finds them from here.
    #[must_use]
    pub fn modules(&self) -> PathBuf {
        cache().join("node").join(self.folder)
    }

    /// Makes sure that all of it is there, in the versions that the lock file names.
    ///
    /// # Errors
    /// Says what is missing and the commands that install it.
    pub fn ensure(&self, may_install: bool) -> Result<(), String> {
        install::ensure(&PROGRAMS, may_install)?;
        let (from, to) = (root().join(self.folder), self.modules());
        if is_installed(&from, &to) {
            return Ok(());
        }
        let (shown_from, shown_to) = (from.display(), to.display());
        let by_hand = format!(
            "missing from this machine: what {shown_from}/{LOCK} names of npm\nto install: mkdir -p {shown_to} && \
             cp {shown_from}/package*.json {shown_to} && npm ci --ignore-scripts --prefix {shown_to}"
        );
        if !may_install {
            return Err(by_hand);
        }
        println!(
            "installing npm's packages of {shown_from} into {shown_to} (decline with --no-install)"
        );
        install_into(&from, &to).map_err(|error| format!("{error}\n{by_hand}"))
    }
}

/// `npm ci` writes its own list last of all, so that a half-done attempt shows.
fn is_installed(from: &Path, to: &Path) -> bool {
    let lock = |folder: &Path| fs::read_to_string(folder.join(LOCK)).ok();
    to.join("node_modules/.package-lock.json").exists()
        && lock(to).is_some()
        && lock(to) == lock(from)
}

fn install_into(from: &Path, to: &Path) -> Result<(), String> {
    // What an earlier attempt has left half done.
    let _ = fs::remove_dir_all(to);
    let copied = fs::create_dir_all(to)
        .and_then(|()| fs::copy(from.join("package.json"), to.join("package.json")))
        .and_then(|_| fs::copy(from.join(LOCK), to.join(LOCK)));
    copied.map_err(|error| format!("{}: {error}", to.display()))?;
    command_line(
        Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(to),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_another_lock_file_or_half_of_them_are_installed_again() {
        let top = std::env::temp_dir().join(format!("steadfast-npm-{}", std::process::id()));
        let (from, to) = (top.join("from"), top.join("to"));
        fs::create_dir_all(&from).expect("a folder");
        fs::create_dir_all(to.join("node_modules")).expect("a folder");
        fs::write(from.join(LOCK), "new").expect("a lock file");
        assert!(!is_installed(&from, &to));
        fs::write(to.join(LOCK), "new").expect("a lock file");
        assert!(!is_installed(&from, &to));
        fs::write(to.join("node_modules/.package-lock.json"), "{}").expect("a list");
        assert!(is_installed(&from, &to));
        fs::write(to.join(LOCK), "old").expect("a lock file");
        assert!(!is_installed(&from, &to));
        fs::remove_dir_all(&top).expect("removed");
    }
}
