//! A machine without RabbitMQ.

use std::{env, process::Command};

use steadfast_testkit::{RabbitNode, Unavailable};

#[test]
fn says_what_to_install_where_there_is_no_rabbitmq() {
    // The same test binary once more, with a PATH on which there is no Erlang.
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--ignored", "rabbit_missing::starts_nothing"])
        .env("PATH", "/nonexistent")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success(), "{output}");
    assert!(output.contains("1 passed"), "{output}");
}

#[tokio::test]
#[ignore = "needs a PATH without Erlang: the test above runs it"]
async fn starts_nothing() {
    assert!(!RabbitNode::available());
    let missing = RabbitNode::start().await.unwrap_err();
    assert_eq!(missing, Unavailable::NotInstalled);
    let line = missing.to_string();
    assert!(line.contains("apt-get install") && line.contains("rabbitmq-server"));
    assert_eq!(line.lines().count(), 1);
}
