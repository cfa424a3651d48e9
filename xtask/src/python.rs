//! A Python with packages from PyPI, in a folder of its own that nothing else uses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::install::{self, Package};
use crate::run::command_line;

/// A set of packages, and where the tests are told of the Python that has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Venv {
    /// What it is called, also its folder.
    pub name: &'static str,
    /// The packages, each held to one version, with all that they need.
    pub packages: &'static [&'static str],
    /// The variable that tells the tests where its `python` is.
    pub variable: &'static str,
}

/// An OTLP decoder that is not written in Rust.
pub const OTLP_DECODER: Venv = Venv {
    name: "python-otlp",
    packages: &["opentelemetry-proto==1.45.2", "protobuf==7.36.2"],
    variable: "STEADFAST_OTLP_PYTHON",
};

/// Debian's Python comes without what makes such folders.
const PYTHON_VENV: Package = Package {
    name: "python3-venv",
    shows: "/usr/share/doc/python3-venv",
};

impl Venv {
    /// Its `python`.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.folder().join(PYTHON)
    }

    /// Makes sure that it is there, with these packages in these versions.
    ///
    /// # Errors
    /// Says what is missing and the commands that install it.
    pub fn ensure(&self, may_install: bool) -> Result<(), String> {
        let folder = self.folder();
        if self.is_in(&folder) {
            return Ok(());
        }
        let marker = folder.join(MARKER);
        let packages = self.packages.join(" ");
        let shown = folder.display();
        let by_hand = format!(
            "missing from this machine: a Python with {packages}\nto install: python3 -m venv {shown} && \
             {shown}/bin/pip install {packages} && printf %s '{packages}' > {shown}/{MARKER}"
        );
        if !may_install {
            return Err(by_hand);
        }
        println!("installing PyPI's {packages} into {shown} (decline with --no-install)");
        self.install(&folder)
            .and_then(|()| fs::write(&marker, packages).map_err(|error| error.to_string()))
            .map_err(|error| format!("{error}\n{by_hand}"))
    }

    /// Its `python` is a link to that of the machine, which may be another one by now.
    fn is_in(&self, folder: &Path) -> bool {
        let installed = fs::read_to_string(folder.join(MARKER));
        installed.is_ok_and(|installed| installed == self.packages.join(" "))
            && folder.join(PYTHON).exists()
    }

    fn install(&self, folder: &Path) -> Result<(), String> {
        // What an earlier attempt has left half done.
        let _ = fs::remove_dir_all(folder);
        let python = match capable_python() {
            Some(python) => python,
            None => {
                install::ensure(&[PYTHON_VENV], true)?;
                "/usr/bin/python3"
            }
        };
        command_line(Command::new(python).args(["-m", "venv"]).arg(folder))?;
        command_line(
            Command::new(self.python())
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(self.packages),
        )
    }

    fn folder(&self) -> PathBuf {
        cache().join(self.name)
    }
}

/// Where `.ci/run` keeps what it has installed.
pub(crate) fn cache() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = cache
        .filter(|cache| cache.is_absolute())
        .unwrap_or_else(home);
    cache.join("steadfast-ci")
}

/// In its folder once everything is there: the packages.
const MARKER: &str = "installed";
const PYTHON: &str = "bin/python";

/// A Python that can make such folders.
fn capable_python() -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        Command::new(python)
            .args(["-c", "import ensurepip, venv"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_is_gone_or_lacks_packages_is_installed_again() {
        let name = format!("steadfast-venv-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("bin")).expect("a folder");
        let is_there = || OTLP_DECODER.is_in(&folder);
        assert!(!is_there());
        std::os::unix::fs::symlink("/bin/sh", folder.join(PYTHON)).expect("a link");
        fs::write(folder.join(MARKER), "opentelemetry-proto==1.0.0").expect("a marker");
        assert!(!is_there());
        fs::write(folder.join(MARKER), OTLP_DECODER.packages.join(" ")).expect("a marker");
        assert!(is_there());
        fs::remove_file(folder.join(PYTHON)).expect("removed");
        std::os::unix::fs::symlink("/usr/bin/python-of-last-year", folder.join(PYTHON))
            .expect("a link");
        assert!(!is_there());
        fs::remove_dir_all(&folder).expect("removed");
    }
}
