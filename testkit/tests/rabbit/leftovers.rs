//! That a node leaves nothing behind, however it ends.

use std::{
    env, fs,
    io::ErrorKind,
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use steadfast_testkit::RabbitNode;

use crate::support::{eventually, hand_shake, processes_of};

#[tokio::test]
async fn a_dropped_node_is_gone_with_its_processes_and_its_directory() {
    let node = RabbitNode::start().await.unwrap();
    let (dir, addr) = (node.dir().to_owned(), node.addr());
    let running = processes_of(&dir).len();
    assert!(
        running >= 3,
        "the node, its port mapper and the guard, not {running}"
    );

    drop(node);
    assert!(!dir.exists());
    assert_eq!(hand_shake(addr), Err(ErrorKind::ConnectionRefused));
    eventually("its last helper ends", || processes_of(&dir).is_empty());
}

#[tokio::test]
async fn a_frozen_node_is_gone_as_well() {
    let node = RabbitNode::start().await.unwrap();
    let dir = node.dir().to_owned();
    node.freeze();
    drop(node);
    assert!(!dir.exists());
    eventually("its last helper ends", || processes_of(&dir).is_empty());
}

#[test]
fn a_start_that_is_given_up_is_cleaned_up() {
    // In a process of its own, where every child belongs to that start.
    let test = alone("leftovers::gives_up_a_start").output().unwrap();
    let output = String::from_utf8_lossy(&test.stdout);
    assert!(test.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "looks at all children of its process: the test above runs it"]
async fn gives_up_a_start() {
    let start = tokio::time::timeout(Duration::from_secs(1), RabbitNode::start());
    assert!(start.await.is_err(), "a boot in one second?");
    assert!(!children().is_empty(), "it is booting still");
    eventually("the late node is ended", || children().is_empty());
}

#[test]
fn a_killed_test_leaves_nothing_behind() {
    let note = env::temp_dir().join(format!("steadfast-leftovers-{}", std::process::id()));
    let mut test = alone("leftovers::starts_a_node_and_waits")
        .env(NOTE, &note)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let dir = || fs::read_to_string(&note).unwrap_or_default();
    eventually("the node is up", || !dir().is_empty());
    let dir = PathBuf::from(dir());
    assert!(dir.exists() && processes_of(&dir).len() >= 3);

    test.kill().unwrap();
    test.wait().unwrap();
    eventually("the directory is removed", || !dir.exists());
    eventually("the processes are gone", || processes_of(&dir).is_empty());
    fs::remove_file(note).unwrap();
}

#[tokio::test]
#[ignore = "waits to be killed: the test above runs it"]
async fn starts_a_node_and_waits() {
    let node = RabbitNode::start().await.unwrap();
    let note = PathBuf::from(env::var(NOTE).unwrap());
    let draft = note.with_extension("draft");
    fs::write(&draft, node.dir().to_str().unwrap()).unwrap();
    fs::rename(draft, note).unwrap();
    thread::sleep(Duration::from_secs(600));
}

/// This test binary once more, for one of its ignored tests.
fn alone(test: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "--ignored", test]);
    command
}

/// The ids of this process's children.
fn children() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let of_task = |task: fs::DirEntry| fs::read_to_string(task.path().join("children"));
    let lists = tasks.map(|task| of_task(task.unwrap()).unwrap_or_default());
    let words = lists.collect::<String>();
    words.split_whitespace().map(str::to_owned).collect()
}

const NOTE: &str = "STEADFAST_LEFTOVERS_NOTE";
