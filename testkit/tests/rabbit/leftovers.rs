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

#[tokio::test]
async fn a_start_that_is_given_up_is_cleaned_up() {
    let start = tokio::time::timeout(Duration::from_secs(1), RabbitNode::start());
    assert!(start.await.is_err(), "a boot in one second?");
    // Of this process only: other tests run their nodes beside it.
    let id = std::process::id().to_string();
    let children = || {
        let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
        let of_tasks = tasks.map(|task| {
            let children = task.unwrap().path().join("children");
            fs::read_to_string(children).unwrap_or_default()
        });
        list.unwrap_or_default() + &of_tasks.collect::<String>()
    };
    assert!(!children().is_empty(), "it is booting still");
    eventually("the late node is ended", || children().trim().is_empty());
}

#[test]
fn a_killed_test_leaves_nothing_behind() {
    let note = env::temp_dir().join(format!("steadfast-leftovers-{}", std::process::id()));
    let mut test = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "leftovers::starts_a_node_and_waits"])
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

const NOTE: &str = "STEADFAST_LEFTOVERS_NOTE";
