//! The client as a source of telemetry.

mod authorities;

use std::sync::mpsc;

use steadfast_telemetry::{EventKind, Telemetry};
use steadfast_testkit::{HttpUpstream, Reply};

use crate::support::{SECOND, quick};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tells_of_requests_and_of_what_the_patterns_do() {
    let upstream = HttpUpstream::start().await;
    let later = HttpUpstream::start().await;
    let client = quick()
        .failure_threshold(1)
        .max_attempts(2)
        .build()
        .unwrap();
    client.get(upstream.url("/")).send().await.unwrap();

    let telemetry = Telemetry::new();
    let (told, heard) = mpsc::channel();
    for kind in [
        EventKind::HttpRequest,
        EventKind::Retry,
        EventKind::BreakerTransition,
    ] {
        let told = told.clone();
        let handler = move |event: &steadfast_telemetry::Event| {
            let _ = told.send((kind, event.to_string()));
        };
        telemetry.attach(kind.as_str(), kind, handler).unwrap();
    }
    telemetry.watch(&client);
    telemetry.watch(&client);
    assert_eq!(
        telemetry.snapshot().watched,
        5,
        "client, retry, budget, breaker, bulkhead"
    );

    later.script([Reply::status(429)]);
    client
        .get(later.url("/secret?token=7"))
        .template("/{secret}")
        .send()
        .await
        .unwrap();
    assert_eq!(
        telemetry.snapshot().watched,
        7,
        "and those of a new authority"
    );
    upstream.script([Reply::status(500)]);
    client.post(upstream.url("/")).send().await.unwrap();
    assert!(telemetry.flush(5 * SECOND));

    let (at, later) = (upstream.addr(), later.addr());
    let all: Vec<_> = heard.try_iter().collect();
    let requests: Vec<_> = all
        .iter()
        .filter(|(kind, _)| *kind == EventKind::HttpRequest)
        .map(|(_, text)| text.rsplit_once(" in ").unwrap().0)
        .collect();
    assert_eq!(
        requests,
        [
            format!("http client test: GET {later}/{{secret}}: 200 after 2 attempts"),
            format!("http client test: POST {at}: 500 after 1 attempt"),
        ]
    );
    let count = |kind| all.iter().filter(|(one, _)| *one == kind).count();
    assert_eq!(count(EventKind::BreakerTransition), 1);
    assert!(count(EventKind::Retry) >= 1);
    assert!(all.iter().all(|(_, text)| !text.contains("token")));

    drop(client);
    assert_eq!(telemetry.snapshot().watched, 0);
}

#[tokio::test]
async fn percentiles_of_how_long_requests_took_are_noted_down_once_somebody_watches() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .failure_threshold(1)
        .max_attempts(1)
        .build()
        .unwrap();
    let noted = |telemetry: &Telemetry| {
        let snapshot = telemetry.snapshot();
        let mut all = snapshot.components.iter();
        let notes = &all.find(|it| &*it.id.kind == "http_client").unwrap().notes;
        ["p50_seconds", "p95_seconds", "p99_seconds"].map(|key| match notes.get(key) {
            Some(steadfast_telemetry::Note::Number(seconds)) => Some(*seconds),
            _ => None,
        })
    };
    client.get(upstream.url("/")).send().await.unwrap();
    let telemetry = Telemetry::new();
    telemetry.watch(&client);
    assert_eq!(noted(&telemetry), [None; 3], "that was before");
    for _ in 0..9 {
        client.get(upstream.url("/")).send().await.unwrap();
    }
    upstream.script([Reply::status(500).delay(std::time::Duration::from_millis(300))]);
    client.get(upstream.url("/")).send().await.unwrap();
    let before = noted(&telemetry);
    assert!(before[0] > Some(0.0) && before[0] < before[1], "{before:?}");
    assert!(
        before[1] >= Some(0.3) && before[2] == before[1],
        "{before:?}"
    );
    // What is turned away at once does not make the server look fast.
    for _ in 0..50 {
        client.get(upstream.url("/")).send().await.unwrap_err();
    }
    assert_eq!(noted(&telemetry), before);
}
