//! A plain client of either HTTP version, and what an upstream of either does with it.

use steadfast_testkit::{Http2Upstream, HttpUpstream, Reply, Upstream};

use crate::support::{LIMIT, soon};

/// A client that does nothing on its own: no retries, no proxies, no decompression, whatever
/// features another member of the workspace switches on.
fn bare() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .retry(reqwest::retry::never())
        .no_proxy()
        .no_gzip()
        .timeout(LIMIT)
}

pub fn http1() -> reqwest::Client {
    bare().build().unwrap()
}

pub fn http2() -> reqwest::Client {
    bare().http2_prior_knowledge().build().unwrap()
}

/// What the HTTP/2 library says at the bottom of a client's error.
pub fn http2_error(error: &reqwest::Error) -> Option<&h2::Error> {
    let mut below: &dyn std::error::Error = error;
    while let Some(source) = below.source() {
        below = source;
    }
    below.downcast_ref()
}

/// What one GET gets to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// There is no answer.
    Nothing,
    /// The body broke off after so many bytes.
    Cut(u16, u64),
    Whole(u16, String),
}

pub async fn outcome<P>(client: &reqwest::Client, upstream: &Upstream<P>) -> Outcome {
    let Ok(mut response) = soon(client.get(upstream.url("/")).send()).await else {
        return Outcome::Nothing;
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    loop {
        match soon(response.chunk()).await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => return Outcome::Whole(status, String::from_utf8(body).unwrap()),
            Err(_) => return Outcome::Cut(status, body.len() as u64),
        }
    }
}

/// What a reply looks like over HTTP/1.1, which must be the same over HTTP/2.
pub async fn outcome_on_both(reply: Reply) -> Outcome {
    let (one, two) = (HttpUpstream::start().await, Http2Upstream::start().await);
    one.script([reply.clone()]);
    two.script([reply]);
    let (first, second) = (outcome(&http1(), &one).await, outcome(&http2(), &two).await);
    assert_eq!((one.request_count(), two.request_count()), (1, 1));
    assert_eq!(first, second, "HTTP/1.1 and HTTP/2 differ");
    first
}
