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
        self.folder().join("bin/python")
    }

    /// Makes sure that it is there, with these packages in these versions.
    ///
    /// # Errors
    /// Says what is missing and the commands that install it.
    pub fn ensure(&self, may_install: bool) -> Result<(), String> {
        let folder = self.folder();
        let marker = folder.join("installed");
        let packages = self.packages.join(" ");
        if fs::read_to_string(&marker).is_ok_and(|installed| installed == packages) {
            return Ok(());
        }
        let shown = folder.display();
        let by_hand = format!(
            "missing from this machine: a Python with {packages}\nto install: python3 -m venv {shown} && \
             {shown}/bin/pip install {packages} && printf %s '{packages}' > {shown}/installed"
        );
        if !may_install {
            return Err(by_hand);
        }
        println!("installing PyPI's {packages} into {shown} (decline with --no-install)");
        self.install(&folder)
            .and_then(|()| fs::write(&marker, packages).map_err(|error| error.to_string()))
            .map_err(|error| format!("{error}\n{by_hand}"))
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

    /// Beside what `.ci/run` keeps.
    fn folder(&self) -> PathBuf {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
        let cache = cache
            .filter(|cache| cache.is_absolute())
            .unwrap_or_else(home);
        cache.join("steadfast-ci").join(self.name)
    }
}

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
