//! The scenarios. Each starts servers and a client of its own, and looks at what reached the servers and
//! what came back.

mod bodies;
mod errors;
mod hosts;
mod places;
mod posts;
mod retries;
mod stated;
mod time;

use std::pin::Pin;

use steadfast_benches::Cell;

use crate::clients::Kind;

pub(crate) struct Scenario {
    pub(crate) subject: &'static str,
    pub(crate) right: &'static str,
    pub(crate) run: fn(Kind) -> Pin<Box<dyn Future<Output = Cell>>>,
}

/// One line each: what happens, what is right, and the function that does it.
macro_rules! scenarios {
    ($($subject:literal, $right:literal => $($run:ident)::+;)+) => {
        &[$(Scenario {
            subject: $subject,
            right: $right,
            run: |kind| Box::pin($($run)::+(kind)),
        }),+]
    };
}

pub(crate) const ALL: &[Scenario] = scenarios! {
    "POST, always answered by 503", "1 sent" => posts::busy;
    "POST, connection closed when the request was read", "1 sent" => posts::lost_answer;
    "POST, first connection refused, the next accepted", "1 sent, 200" => posts::refused;
    "POST with an `Idempotency-Key`, answered by 503, then 200", "2 sent, 200" => posts::keyed;
    "POST over HTTP/2, REFUSED_STREAM, then accepted", "1 taken, 200" => posts::refused_stream;
    "POST over HTTP/2, GOAWAY before it, then accepted", "1 taken, 200" => posts::go_away;
    "GET, answered by 503, 503, 200", "3 sent, 200" => retries::recovers;
    "GET, always 503 with a body", "the last 503 and its body" => retries::last_answer;
    "10 GETs in a row, always 503", "5 sent, circuit opens" => retries::circuit;
    "200 GETs, 50 at a time, always 503, no breaker", "200 to 280 sent" => retries::storm;
    "20 GETs, each first 503 with 12 KiB in one piece", "at most 5 connections" => retries::page_in_one_piece;
    "20 GETs, each first 503 with 12 KiB in three chunks", "at most 5 connections" => retries::page_in_chunks;
    "503 with `Retry-After: 1`, then 200", "2nd within 1 s after" => stated::seconds;
    "503 with `Retry-After` as a date, then 200", "2nd within 1 s after" => stated::date;
    "503 with `Retry-After: 3600`", "1 sent, no wait" => stated::beyond;
    "429 with `Retry-After: 1`, then 50 more callers", "0 early, 51 answered" => stated::crowd;
    "no answer, attempts of 0.4 s, 1 s in all", "0.25 s late at most" => time::no_answer;
    "body stops after the head, read timeout 0.1 s, 10 GETs", "5 sent, circuit opens" => bodies::stalled;
    "body cut in half, 10 GETs", "5 sent, circuit opens" => bodies::truncated;
    "gzip of 1 GiB of zeros, limit 8 MiB", "at most 8 MiB read" => bodies::bomb;
    "one of three hosts down, 10 GETs to each", "5 to it, 0 refused" => hosts::one_of_three;
    "half-open circuit, 1,000 callers", "1 sent, all back" => hosts::half_open;
    "limit of 8, 40 GETs with bodies of 0.3 s", "8 at once, all answered" => places::slow_bodies;
    "5 times 100 callers dropped, then 64 GETs", "64 at once, all answered" => places::dropped;
    "errors of a timeout and of a refused connection", "say which" => errors::kinds;
    "secret in the query of a connection that is reset", "not in the error" => errors::secret;
};

/// `n sent` and how it ended.
fn sent(sent: usize, outcome: &str) -> String {
    format!("{sent} sent, {outcome}")
}
