//! What must not be done twice.

use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Response};
use steadfast_benches::Cell;
use steadfast_testkit::{Http2Upstream, HttpUpstream, Reason, Reply};

use super::sent;
use crate::clients::{Failure, Kind, Limits, request};
use crate::support::{DeadEnd, Name};

pub(super) async fn busy(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let _ = kind.client().post(&upstream.url("/orders")).await;
    once(upstream.request_count())
}

pub(super) async fn lost_answer(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::close());
    let _ = kind.client().post(&upstream.url("/orders")).await;
    once(upstream.request_count())
}

fn once(count: usize) -> Cell {
    Cell::new(format!("{count} sent"), count == 1)
}

/// Nobody listens where the first look-up of the host leads, as while a server moves.
pub(super) async fn refused(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    let dead = DeadEnd::start().await;
    let name = Name::new(dead.addr(), upstream.addr());
    let client = kind.with(&Limits {
        resolver: Some(name.into()),
        ..Limits::default()
    });
    let outcome = outcome(client.post(Name::URL).await);
    let count = upstream.request_count();
    Cell::new(sent(count, &outcome), count == 1 && outcome == "200")
}

pub(super) async fn keyed(kind: Kind) -> Cell {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::status(503)]);
    let mut post = request(Method::POST, &upstream.url("/orders"));
    let (name, key) = ("idempotency-key", "order-17");
    let (name, key) = (HeaderName::from_static(name), HeaderValue::from_static(key));
    post.headers_mut().insert(name, key);
    let outcome = outcome(kind.client().execute(post).await);
    let count = upstream.request_count();
    Cell::new(sent(count, &outcome), count == 2 && outcome == "200")
}

pub(super) async fn refused_stream(kind: Kind) -> Cell {
    untouched(kind, Reply::reset_stream(Reason::REFUSED_STREAM)).await
}

pub(super) async fn go_away(kind: Kind) -> Cell {
    untouched(kind, Reply::go_away(Reason::NO_ERROR)).await
}

/// The server says of the first request that it has not touched it, and takes those that follow.
async fn untouched(kind: Kind, first: Reply) -> Cell {
    let upstream = Http2Upstream::start().await;
    upstream.script([first]);
    let client = kind.with(&Limits {
        http2: true,
        ..Limits::default()
    });
    let outcome = outcome(client.post(&upstream.url("/orders")).await);
    let taken = upstream.request_count().saturating_sub(1);
    let right = taken == 1 && outcome == "200";
    Cell::new(format!("{taken} taken, {outcome}"), right)
}

fn outcome(result: Result<Response, Failure>) -> String {
    match result {
        Ok(response) => response.status().as_str().to_owned(),
        Err(_) => "error".to_owned(),
    }
}
