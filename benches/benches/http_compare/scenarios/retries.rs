//! What is tried again, and when that has an end.

use futures_util::stream::{self, StreamExt};
use steadfast_benches::Cell;
use steadfast_testkit::{HttpUpstream, Reply};
use tokio::time::sleep;

use super::sent;
use crate::clients::{Kind, Limits};
use crate::support::millis;

/// The server answers so, always.
async fn always(reply: Reply) -> HttpUpstream {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(move |_, _| reply.clone());
    upstream
}

pub(super) async fn recovers(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503), Reply::status(503), Reply::ok("well")]);
    let answer = kind.client().read(&upstream.url("/")).await;
    let status = answer
        .map(|(status, _)| status.as_u16())
        .unwrap_or_default();
    let count = upstream.request_count();
    Cell::new(
        sent(count, &status.to_string()),
        count == 3 && status == 200,
    )
}

pub(super) async fn last_answer(kind: Kind) -> Cell {
    let upstream = always(Reply::status(503).body("closed until noon")).await;
    match kind.client().read(&upstream.url("/")).await {
        Ok((status, body)) if body == "closed until noon" => {
            Cell::new(format!("{} and body", status.as_u16()), status == 503)
        }
        Ok((status, _)) => Cell::new(format!("{} without body", status.as_u16()), false),
        Err(_) => Cell::new("an error", false),
    }
}

pub(super) async fn circuit(kind: Kind) -> Cell {
    let upstream = always(Reply::status(503)).await;
    let client = kind.client();
    for _ in 0..10 {
        let _ = client.get(&upstream.url("/")).await;
    }
    let count = upstream.request_count();
    Cell::new(format!("{count} sent"), count == 5)
}

/// Without a breaker the budget is what holds: a fifth of 200, and ours lets 3 a second pass on top, 30 of
/// them at any time, and another 10 in the seconds that this may take on a busy machine.
pub(super) async fn storm(kind: Kind) -> Cell {
    let upstream = always(Reply::status(503)).await;
    let client = kind.with(&Limits {
        no_breaker: true,
        ..Limits::default()
    });
    let (client, url) = (&client, &upstream.url("/"));
    let calls = stream::iter(0..200).map(|_| async move {
        let _ = client.get(url).await;
    });
    calls.buffer_unordered(50).count().await;
    let count = upstream.request_count();
    Cell::new(format!("{count} sent"), (200..=280).contains(&count))
}

/// An error page whose length is told, in one piece just after the head.
pub(super) async fn page_in_one_piece(kind: Kind) -> Cell {
    let page = Reply::status(503).body(vec![b'x'; PAGE]);
    connections(kind, page.slow_body(PAGE, millis(2))).await
}

/// An error page in chunks, as of a server that does not know its length beforehand.
pub(super) async fn page_in_chunks(kind: Kind) -> Cell {
    let page = Reply::status(503).body(vec![b'x'; PAGE]).chunked();
    connections(kind, page.slow_body(PAGE / 3, millis(2))).await
}

const PAGE: usize = 12 << 10;

/// The callers think before the next GET: a connection is back in reqwest's pool a little after its response
/// was read, and now and then too late all the same. A client that never retries sends half as many requests.
async fn connections(kind: Kind, page: Reply) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(move |_, before| match before % 2 {
        0 => page.clone(),
        _ => Reply::ok("well"),
    });
    let client = kind.client();
    let mut answered = 0;
    for _ in 0..20 {
        let answer = client.read(&upstream.url("/")).await;
        answered += usize::from(answer.is_ok());
        sleep(millis(10)).await;
    }
    let (connections, count) = (upstream.connections(), upstream.request_count());
    Cell::new(
        format!("{connections} for {count} sent"),
        connections <= 5 && answered == 20,
    )
}
