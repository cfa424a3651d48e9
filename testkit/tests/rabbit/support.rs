//! Waiting, looking at processes, and messages without an AMQP client.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use steadfast_testkit::RabbitNode;

/// Waits, at most 30 s, until `done` says so.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..600 {
        if done() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("never happened: {what}");
}

/// The processes that belong to the node in `dir`: those that name it in their command line or
/// environment. (Ended ones that nobody has waited for have neither.)
pub fn processes_of(dir: &Path) -> Vec<PathBuf> {
    let needle = dir.to_str().unwrap().as_bytes();
    let names_it = |process: &PathBuf| {
        ["cmdline", "environ"].iter().any(|file| {
            let text = fs::read(process.join(file)).unwrap_or_default();
            text.windows(needle.len()).any(|window| window == needle)
        })
    };
    let processes = fs::read_dir("/proc").unwrap();
    processes
        .map(|entry| entry.unwrap().path())
        .filter(names_it)
        .collect()
}

/// Publishes a persistent message through the management API.
pub async fn publish(node: &RabbitNode, queue: &str) {
    let message = format!(
        r#"{{"properties":{{"delivery_mode":2}},"routing_key":"{queue}","payload":"x","payload_encoding":"string"}}"#
    );
    let path = "/api/exchanges/%2f/amq.default/publish";
    let (status, answer) = node.management("POST", path, &message).await.unwrap();
    assert_eq!((status, answer.as_str()), (200, r#"{"routed":true}"#));
}

/// Declares a durable queue through the management API.
pub async fn declare(node: &RabbitNode, queue: &str) {
    let path = format!("/api/queues/%2f/{queue}");
    let declared = node.management("PUT", &path, r#"{"durable":true}"#).await;
    assert_eq!(declared.unwrap().0, 201);
}

/// What the port answers to an AMQP protocol header within half a second.
pub fn hand_shake(addr: SocketAddr) -> Result<u8, ErrorKind> {
    let hand_shake = || {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(b"AMQP\0\0\x09\x01")?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        Ok(first[0])
    };
    hand_shake().map_err(|error: std::io::Error| error.kind())
}
