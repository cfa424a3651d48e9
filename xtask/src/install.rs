//! What the project needs from Debian, and how to get it.

use std::path::Path;
use std::process::Command;

use crate::run::command_line;

/// A Debian package and how to tell that it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// Its name for `apt-get install`.
    pub name: &'static str,
    /// A file that is there once it is installed.
    pub shows: &'static str,
}

/// The broker: the private nodes of the tests and the demo start it from here.
pub const RABBITMQ: Package = Package {
    name: "rabbitmq-server",
    shows: "/usr/lib/rabbitmq/bin/rabbitmq-server",
};

/// The server, which scrapes an example, and `promtool`, which lints the text and tests the rules.
pub const PROMETHEUS: Package = Package {
    name: "prometheus",
    shows: "/usr/bin/promtool",
};

/// Counts instructions, by its callgrind.
pub const VALGRIND: Package = Package {
    name: "valgrind",
    shows: "/usr/bin/valgrind",
};

impl Package {
    fn is_missing(&self) -> bool {
        !Path::new(self.shows).exists()
    }
}

/// Makes sure the packages are there: installs what is missing as root where that is allowed.
///
/// # Errors
/// Says exactly what is missing and the command that installs it.
pub fn ensure(packages: &[Package], may_install: bool) -> Result<(), String> {
    let mut missing: Vec<&str> = packages
        .iter()
        .filter(|package| package.is_missing())
        .map(|package| package.name)
        .collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!(
        "missing from this machine: {names}\nto install: sudo apt-get update && sudo apt-get install --no-install-recommends {names}"
    );
    if !may_install || !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Err(by_hand);
    }
    println!("installing Debian's {names} (decline with --no-install)");
    apt(&["-qq", "update"])
        .and_then(|()| {
            let mut args = vec!["-qq", "-y", "--no-install-recommends", "install"];
            args.extend(&missing);
            apt(&args)
        })
        .map_err(|error| format!("{error}\n{by_hand}"))?;
    match packages.iter().find(|package| package.is_missing()) {
        None => Ok(()),
        Some(package) => Err(format!(
            "{} is installed but {} is not there",
            package.name, package.shows
        )),
    }
}

fn apt(args: &[&str]) -> Result<(), String> {
    // Packages must not start their services: the tests bring their own, private ones.
    command_line(
        Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("RUNLEVEL", "1"),
    )
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout == b"0\n")
}
