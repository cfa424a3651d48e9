//! What an error says, and what it must not say. Through its own methods, without a downcast.

use steadfast_benches::Cell;
use steadfast_testkit::{HttpUpstream, Reply};

use crate::clients::{Kind, Limits};
use crate::support::{DeadEnd, millis};

pub(super) async fn kinds(kind: Kind) -> Cell {
    let silent = HttpUpstream::start().await;
    silent.respond_with(|_, _| Reply::stall());
    let client = kind.with(&Limits {
        attempt_timeout: Some(millis(200)),
        total_timeout: Some(millis(500)),
        ..Limits::default()
    });
    let late = client.get(&silent.url("/")).await;
    let timeout = late.is_err_and(|error| error.timeout && !error.connect);
    let dead = DeadEnd::start().await;
    let refused = kind.client().get(&dead.url("/")).await;
    let connect = refused.is_err_and(|error| error.connect && !error.timeout);
    let figure = match (timeout, connect) {
        (true, true) => "timeout, connect",
        (true, false) => "timeout alone",
        (false, true) => "connect alone",
        (false, false) => "neither",
    };
    Cell::new(figure, timeout && connect)
}

pub(super) async fn secret(kind: Kind) -> Cell {
    const SECRET: &str = "hunter2";
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::reset());
    let url = upstream.url(&format!("/orders?api_key={SECRET}"));
    let Err(error) = kind.client().get(&url).await else {
        return Cell::new("no error", false);
    };
    if upstream.request_count() == 0 {
        return Cell::new("not sent", false);
    }
    let figure = if error.text.contains(SECRET) {
        "in its text"
    } else if error.sources.contains(SECRET) {
        "in its sources"
    } else if error.debug.contains(SECRET) {
        "in its Debug"
    } else {
        "nowhere"
    };
    Cell::new(figure, figure == "nowhere")
}
