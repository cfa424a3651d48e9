//! The receiver of OTLP, as somebody sees it who does not speak it well. What speaks it well is in the
//! tests of telemetry.

use std::time::Duration;

use steadfast_testkit::{OtlpReceiver, OtlpReply, OtlpSignal};

fn client() -> reqwest::Client {
    reqwest::Client::new()
}

#[tokio::test]
async fn what_is_no_otlp_is_refused_and_told() {
    let receiver = OtlpReceiver::http().await;
    let url = |path: &str| format!("{}{path}", receiver.endpoint());
    let post = |path: &str| {
        let post = client().post(url(path));
        post.header("content-type", "application/x-protobuf")
    };
    let garbage = post("/v1/traces").body("garbage");
    assert_eq!(garbage.send().await.unwrap().status(), 400);
    let logs = post("/v1/logs");
    assert_eq!(logs.send().await.unwrap().status(), 400);
    let fetched = client().get(url("/v1/metrics"));
    assert_eq!(fetched.send().await.unwrap().status(), 400);
    let gzip = post("/v1/traces");
    let gzip = gzip.header("content-encoding", "gzip").body("not gzip");
    assert_eq!(gzip.send().await.unwrap().status(), 400);
    let json = client().post(url("/v1/traces"));
    let json = json.header("content-type", "application/json");
    assert_eq!(json.send().await.unwrap().status(), 400);
    let malformed = receiver.malformed();
    assert_eq!(malformed.len(), 5, "{malformed:?}");
    assert_eq!(
        malformed[4],
        "POST /v1/traces: content-type is \"application/json\""
    );
    assert_eq!(malformed[1], "POST /v1/logs: no such path");
    assert_eq!(malformed[2], "GET /v1/metrics: not a POST");
    assert_eq!(receiver.requests().len(), 0);
}

#[tokio::test]
async fn an_empty_message_is_a_message_and_scripts_are_those_of_a_signal() {
    let receiver = OtlpReceiver::http().await;
    let soon = OtlpReply::retry_after(Duration::from_secs(7));
    receiver.script(OtlpSignal::Metrics, [soon]);
    let post = |path: &str| {
        client()
            .post(format!("{}{path}", receiver.endpoint()))
            .header("content-type", "application/x-protobuf")
            .send()
    };
    assert_eq!(post("/v1/traces").await.unwrap().status(), 200);
    let told = post("/v1/metrics").await.unwrap();
    assert_eq!(
        (told.status().as_u16(), &told.headers()["retry-after"]),
        (503, &"7".parse().unwrap())
    );
    let requests = receiver.wait_for(OtlpSignal::Metrics, 1).await;
    assert!(!requests[0].accepted && requests[0].raw.is_empty());
    assert_eq!(receiver.requests().len(), 2);
}
