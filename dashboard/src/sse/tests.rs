//! Streams that nobody reads, in virtual time.

use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt;
use steadfast_telemetry::{Notice, NoticeLevel, Telemetry};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::sleep;

use super::*;
use crate::dashboard::Dashboard;

const SECOND: Duration = Duration::from_secs(1);

async fn open(dashboard: &Dashboard) -> BodyDataStream {
    let hub = State(Arc::clone(dashboard.hub()));
    let response = stream(hub, HeaderMap::new()).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().into_data_stream()
}

async fn read(stream: &mut BodyDataStream) -> Option<String> {
    let bytes = stream.next().await?.unwrap();
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

fn dropped(telemetry: &Telemetry) -> String {
    let metrics = telemetry.export_prometheus_metrics();
    let mut lines = metrics.lines();
    let line = lines.find(|line| line.starts_with("resilience_dashboard_streams_dropped_total"));
    line.unwrap().split(' ').next_back().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_for_half_a_minute_loses_its_place_and_the_others_do_not() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry)
        .max_streams(3)
        .build()
        .unwrap();
    let mut reads = open(&dashboard).await;
    let mut stops = open(&dashboard).await;
    // Not even the first message: nothing was ever asked for.
    let never = open(&dashboard).await;
    assert!(read(&mut stops).await.unwrap().contains("event: snapshot"));
    let reader = tokio::spawn(async move { while read(&mut reads).await.is_some() {} });
    sleep(29 * SECOND).await;
    assert_eq!(dashboard.streams(), 3);
    sleep(2 * SECOND).await;
    assert_eq!(dashboard.streams(), 1, "the reader's");
    assert_eq!(dropped(&telemetry), "2");

    // Should it read on one day, it hears that it has to come anew.
    let last = read(&mut stops).await.unwrap();
    assert_eq!(last, "event: bye\ndata: {\"reason\":\"slow\"}\n\n");
    assert_eq!(read(&mut stops).await, None);
    drop((never, stops));
    assert_eq!(
        (dashboard.streams(), dropped(&telemetry).as_str()),
        (1, "2")
    );
    let mut places = Vec::new();
    for _ in 0..2 {
        places.push(open(&dashboard).await);
    }
    assert_eq!(dashboard.streams(), 3, "the places are free again");
    reader.abort();
}

#[tokio::test(start_paused = true)]
async fn who_is_slow_and_reads_keeps_its_place() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry).build().unwrap();
    let mut slow = open(&dashboard).await;
    for _ in 0..20 {
        assert!(!read(&mut slow).await.unwrap().contains("bye"));
        sleep(28 * SECOND).await;
    }
    assert_eq!(
        (dashboard.streams(), dropped(&telemetry).as_str()),
        (1, "0")
    );
}

/// The same on a socket: a server that cannot write does not ask for more.
#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_reads_loses_its_place() {
    let telemetry = Telemetry::new();
    let dashboard = Dashboard::builder(&telemetry)
        .max_stream_age(Duration::MAX)
        .build()
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = dashboard.router::<()>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut client = socket.connect(address).await.unwrap();
    let request = format!("GET /api/stream HTTP/1.1\r\nhost: {address}\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let long = "x".repeat(10_000);
    for _ in 0..2000_u32 {
        sleep(Duration::from_millis(50)).await;
        let notice = Notice::new("task", "flood", NoticeLevel::Info, long.as_str());
        dashboard.tell(&notice);
        if dropped(&telemetry) == "1" {
            break;
        }
    }
    assert_eq!(
        (dashboard.streams(), dropped(&telemetry).as_str()),
        (0, "1")
    );
    server.abort();
}
