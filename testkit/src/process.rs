//! Processes that do not outlive the test, however it ends.
//!
//! `Drop` ends them when a test returns or unwinds. Nothing of ours runs when the test process is
//! killed (a time limit of the test runner, Ctrl-C, an abort), so a [`Guard`] stands by: a shell that
//! waits for the end of a pipe only we hold open, then kills what is still noted down and removes the
//! directory.

use std::{
    fs, io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A child in a process group of its own, noted down for the guard.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    note: PathBuf,
}

impl Process {
    /// Runs `command`, which must ask for its own process group.
    pub(crate) fn spawn(mut command: Command, home: &Path) -> io::Result<Self> {
        let child = command.spawn()?;
        let note = home.join(PIDS).join(child.id().to_string());
        let process = Self { child, note };
        fs::write(&process.note, "")?;
        Ok(process)
    }

    pub(crate) fn is_running(&mut self) -> bool {
        let running = matches!(self.child.try_wait(), Ok(None));
        if !running {
            // Once waited for, its id may become another process's, which is none of the guard's.
            let _ = fs::remove_file(&self.note);
        }
        running
    }

    /// Whether the process ended well; `None` while it runs.
    pub(crate) fn success(&mut self) -> Option<bool> {
        let status = self.child.try_wait().ok().flatten()?;
        Some(status.success())
    }

    /// Sends a signal to the process, and returns whether it was there to get it.
    pub(crate) fn signal(&mut self, signal: Signal) -> bool {
        self.is_running() && kill_process(Pid::from_child(&self.child), signal).is_ok()
    }

    /// Kills the process, stopped or not, with all that it has started, and waits for its end.
    pub(crate) fn kill(&mut self) {
        if self.is_running() {
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.note);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The shell that cleans up when we cannot.
#[derive(Debug)]
pub(crate) struct Guard {
    shell: Child,
    lifeline: Option<ChildStdin>,
}

impl Guard {
    pub(crate) fn post(home: &Path) -> io::Result<Self> {
        let mut shell = Command::new("/bin/sh")
            .arg("-c")
            .arg(CLEAN_UP)
            .arg("steadfast-guard")
            .arg(home)
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let lifeline = shell.stdin.take();
        Ok(Self { shell, lifeline })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        let _ = self.shell.wait();
    }
}

/// Below the directory: one empty file for each process to end, named by its id.
pub(crate) const PIDS: &str = "pids";

/// `$1` is the directory. When it is gone at the end of the pipe, all was ended in order.
const CLEAN_UP: &str = r#"
while read -r line; do :; done
for note in "$1"/pids/[0-9]*; do
    [ -e "$note" ] && kill -s KILL -- "-${note##*/}"
done
tries=50
until rm -rf "$1" || [ "$tries" -eq 0 ]; do
    tries=$((tries - 1))
    sleep 0.1
done
"#;
