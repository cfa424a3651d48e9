//! What goes wrong after the head of the response has come.

use reqwest::Response;
use steadfast_benches::Cell;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::clients::{Client, Kind, Limits};
use crate::support::millis;

const MIB: u64 = 1 << 20;
const LIMIT: u64 = 8 * MIB;
/// Here we stop reading ourselves.
const ENOUGH: u64 = 64 * MIB;

pub(super) async fn stalled(kind: Kind) -> Cell {
    let client = kind.with(&Limits {
        read_timeout: Some(millis(100)),
        ..Limits::default()
    });
    let reply = Reply::ok(vec![b'x'; 100_000]).slow_body(1000, millis(60_000));
    broken(client, reply, |error| error.is_timeout()).await
}

pub(super) async fn truncated(kind: Kind) -> Cell {
    let reply = Reply::ok(vec![b'x'; 100_000]).cut_body_after(50_000);
    broken(kind.client(), reply, |_| true).await
}

/// Ten bodies that break, each of them to be noticed: how many requests the server still gets.
async fn broken(client: Client, reply: Reply, expected: fn(&reqwest::Error) -> bool) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(move |_, _| reply.clone());
    let mut unnoticed = 0;
    for _ in 0..10 {
        if let Ok(response) = client.get(&upstream.url("/")).await {
            let read = response.bytes().await;
            unnoticed += usize::from(!read.is_err_and(|error| expected(&error)));
        }
    }
    let count = upstream.request_count();
    match unnoticed {
        0 => Cell::new(format!("{count} sent"), count == 5),
        _ => Cell::new(format!("{count} sent, {unnoticed} unnoticed"), false),
    }
}

pub(super) async fn bomb(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::gzip_bomb(1024 * MIB));
    let client = kind.with(&Limits {
        max_body: Some(LIMIT),
        ..Limits::default()
    });
    match client.get(&upstream.url("/")).await {
        Ok(response) => inflate(response).await,
        Err(_) => Cell::new("no response", false),
    }
}

async fn inflate(mut response: Response) -> Cell {
    let mut read = 0;
    while read < ENOUGH {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len() as u64,
            Ok(None) => return Cell::new(format!("{} MiB, ended", read / MIB), false),
            Err(_) => {
                let figure = format!("{} MiB, then an error", read / MIB);
                return Cell::new(figure, read <= LIMIT);
            }
        }
    }
    Cell::new(format!("{} MiB and more", read / MIB), false)
}
