//! Whom an open circuit keeps away.

use reqwest::StatusCode;
use steadfast_benches::Cell;
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clients::{Client, Kind, Limits};
use crate::support::{PATIENCE, millis};

/// One client for all three. First 10 GETs to the one that is down, then 10 to each of the others.
pub(super) async fn one_of_three(kind: Kind) -> Cell {
    let bad = HttpUpstream::start().await;
    // Not one that is retried.
    bad.respond_with(|_, _| Reply::status(505));
    let good = [HttpUpstream::start().await, HttpUpstream::start().await];
    let client = kind.client();
    for _ in 0..10 {
        let _ = client.get(&bad.url("/")).await;
    }
    let mut refused = 0;
    for upstream in &good {
        for _ in 0..10 {
            let answer = client.read(&upstream.url("/")).await;
            refused += usize::from(!answer.is_ok_and(|(status, _)| status == StatusCode::OK));
        }
    }
    let sent = bad.request_count();
    let figure = format!("{sent} to it, {refused} refused");
    Cell::new(figure, sent == 5 && refused == 0)
}

/// The answer to a probe takes half a second, in which everybody comes.
pub(super) async fn half_open(kind: Kind) -> Cell {
    const CALLERS: usize = 1000;
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(500));
    let open_for = millis(100);
    let client = kind.with(&Limits {
        open_for: Some(open_for),
        ..Limits::default()
    });
    let url = upstream.url("/");
    for _ in 0..5 {
        let _ = client.get(&url).await;
    }
    sleep(open_for + millis(50)).await;
    let before = upstream.request_count();
    upstream.respond_with(|_, _| Reply::ok("well").delay(millis(500)));
    let mut calls = JoinSet::new();
    for _ in 0..CALLERS {
        calls.spawn(call(client.clone(), url.clone()));
    }
    let mut back = 0;
    let all_back = async {
        while let Some(call) = calls.join_next().await {
            back += usize::from(call.is_ok());
        }
    };
    let _ = timeout(PATIENCE, all_back).await;
    let probes = upstream.request_count() - before;
    match CALLERS - back {
        0 => Cell::new(format!("{probes} sent"), probes == 1),
        left => {
            let time = PATIENCE.as_secs();
            let figure = format!("{probes} sent, {left} not back in {time} s");
            Cell::new(figure, false)
        }
    }
}

async fn call(client: Client, url: String) {
    let _ = client.get(&url).await;
}
