//! Signals, in a process of their own: they are the whole process's.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use super::support::{Folder, started, write};

/// What the test runs itself again with, to be the process that is signalled.
const FILE: &str = "STEADFAST_TEST_SIGNALS_FILE";

/// Not a test of its own: the process that the other ones start.
#[tokio::test]
async fn child() {
    let Some(path) = std::env::var_os(FILE) else {
        return;
    };
    let builder = steadfast::supervisor::Supervisor::builder().file(path);
    let supervisor = builder.watch(None).start().await.unwrap();
    supervisor
        .tasks()
        .spawn("deaf", |_| std::future::pending())
        .unwrap();
    let mut events = supervisor
        .telemetry()
        .subscribe(steadfast::telemetry::EventKind::Notice);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            say(&event.to_string());
        }
    });
    let running = supervisor.run_until_signal();
    tokio::pin!(running);
    // The first poll listens for the signals.
    tokio::select! {
        biased;
        _ = &mut running => unreachable!(),
        () = std::future::ready(()) => {}
    }
    say("ready");
    let report = running.await.unwrap();
    say(&format!("ended {}", report.is_clean()));
}

#[expect(clippy::print_stdout, reason = "it is how the process tells the test")]
fn say(text: &str) {
    println!("child: {}", text.lines().next().unwrap_or_default());
}

struct Process(Child, BufReader<std::process::ChildStdout>);

impl Process {
    fn start(path: &std::path::Path) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["signals::child", "--exact", "--nocapture"])
            .env(FILE, path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self(child, lines);
        process.hears("ready");
        process
    }

    /// Reads on until the process says something that begins with this.
    fn hears(&mut self, begin: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(
                self.1.read_line(&mut line).unwrap() > 0,
                "it never said {begin}"
            );
            // The test harness writes on the same line.
            if let Some((_, said)) = line.split_once("child: ") {
                if said.starts_with(begin) {
                    return said.trim().to_owned();
                }
            }
        }
    }

    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_signal_ends_it_in_order_and_a_second_one_at_once_and_sighup_reads_again() {
    let folder = Folder::new();
    let path = folder.write("app.toml", "[shutdown]\ngrace = '1s'");
    let mut process = Process::start(&path);
    write(&path, "[shutdown]\ngrace = '1h'");
    process.signal("HUP");
    let told = process.hears("reload ");
    let applied = "reload service: applied: shutdown.grace: \"1s\" -> \"1h\"; unchanged: ";
    assert!(told.starts_with(applied), "{told}");
    write(&path, "[shutdown]\ngrace = 'soon'");
    process.signal("HUP");
    let told = process.hears("reload ");
    assert!(told.contains("not applied, nothing has changed"), "{told}");
    process.signal("TERM");
    process.hears("shutdown service: shutting down within 3600s");
    // The task is deaf, and there is an hour; the test would be as long.
    process.signal("INT");
    process.hears("ended false");
    assert!(process.0.wait().unwrap().success());
}

#[test]
fn one_signal_is_enough_when_everything_can_finish() {
    let folder = Folder::new();
    let path = folder.write("app.toml", "[shutdown]\ngrace = '100ms'");
    for signal in ["TERM", "INT"] {
        let mut process = Process::start(&path);
        process.signal(signal);
        // The deaf task is cut off by the bound.
        process.hears("ended false");
        assert!(process.0.wait().unwrap().success());
    }
}

#[tokio::test]
async fn it_also_returns_when_somebody_else_shuts_down() {
    let supervisor = started("").await;
    let running = tokio::spawn({
        let supervisor = supervisor.clone();
        async move { supervisor.run_until_signal().await }
    });
    tokio::task::yield_now().await;
    let report = supervisor.shutdown().await;
    assert_eq!(running.await.unwrap().unwrap(), report);
}
