//! What is exported over OTLP, in a process of its own: where to is said by variables of the environment.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use steadfast::telemetry::{Event, Filter};

use super::support::{LONG, alive, only, started};

/// What the test runs itself again with, to be the process that exports.
const CHILD: &str = "STEADFAST_TEST_OTLP_CHILD";

/// Not a test of its own: the process that the others start.
#[tokio::test]
async fn child() {
    match std::env::var(CHILD).as_deref() {
        Ok("clean") => ends_clean().await,
        Ok("stuck") => ends_with_a_handler_that_is_stuck().await,
        _ => {}
    }
}

async fn ends_clean() {
    let before = alive();
    let text = "[telemetry]\notlp = true\n[service]\nname = 'shop'";
    let supervisor = started(text).await;
    let bulkhead = supervisor.bulkhead("llm_requests").unwrap();
    drop(bulkhead.try_acquire().unwrap());
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    drop(supervisor);
    only(before).await;
    // One that is dropped without a word blocks nothing and panics nowhere.
    drop(started(text).await);
    only(before).await;
}

async fn ends_with_a_handler_that_is_stuck() {
    // All but what the handlers leave is theirs, were it not shared.
    let text = "[telemetry]\notlp = true\n[service]\nname = 'shop'\n[shutdown]\ngrace = '6s'";
    let supervisor = started(text).await;
    let (let_go, go) = mpsc::channel::<()>();
    let go = std::sync::Mutex::new(go);
    let stuck = move |_: &Event| {
        let _ = go.lock().unwrap().recv();
    };
    let telemetry = supervisor.telemetry();
    telemetry.attach("stuck", Filter::all(), stuck).unwrap();
    let report = supervisor.shutdown().await;
    let unfinished: Vec<_> = report.unfinished().collect();
    assert_eq!(
        unfinished,
        [("telemetry", "handlers of events were not through")],
        "{report}"
    );
    drop(let_go);
}

#[test]
fn metrics_are_delivered_before_the_shutdown_is_over() {
    delivers("clean");
}

#[test]
fn a_handler_that_is_stuck_leaves_half_of_the_time_to_what_is_exported() {
    delivers("stuck");
}

/// Runs the child, whose metrics are to come.
fn delivers(child: &str) {
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", receiver.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in receiver.incoming().flatten() {
            let tell = tell.clone();
            std::thread::spawn(move || receive(stream, &tell));
        }
    });
    let ended = Command::new(std::env::current_exe().unwrap())
        .args(["otlp::child", "--exact"])
        .env(CHILD, child)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        .stdout(Stdio::piped())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{output}");
    let all = std::iter::from_fn(|| told.recv_timeout(LONG).ok());
    let mut all = all.filter(|body| body.starts_with("POST /v1/metrics"));
    let body = all.next().expect("metrics are posted");
    assert!(
        body.contains("shop") && body.contains("llm_requests"),
        "{body}"
    );
}

/// Takes posts, tells of each, and says that it has them.
fn receive(mut stream: TcpStream, tell: &mpsc::Sender<String>) {
    let mut got = Vec::new();
    let mut part = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut part) {
        got.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&got).into_owned();
        let Some(head) = got.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let lower = text.to_ascii_lowercase();
        let length = lower.split_once("content-length: ");
        let length = length.and_then(|(_, rest)| rest.lines().next()?.parse::<usize>().ok());
        if got.len() < head + 4 + length.unwrap_or(0) {
            continue;
        }
        got.clear();
        let _ = tell.send(text);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    }
}
