//! HTTP/2 without TLS, for clients that know it beforehand, and what only an HTTP/2 server can do.

mod connection;
mod stream;

use std::sync::Arc;

use parking_lot::Mutex;

use super::Upstream;

/// A scripted HTTP/2 server on 127.0.0.1, without TLS, for clients with prior knowledge.
///
/// The script, the replies and the counters are those of an [`HttpUpstream`](crate::HttpUpstream); a
/// request is a stream. Dropping it closes its port and every connection.
///
/// # Examples
///
/// ```
/// use steadfast_testkit::{Http2Upstream, Reason, Reply};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reqwest::Error> {
/// let upstream = Http2Upstream::start().await;
/// upstream.script([Reply::reset_stream(Reason::INTERNAL_ERROR), Reply::ok("hello")]);
///
/// let client = reqwest::Client::builder().http2_prior_knowledge().build()?;
/// assert!(client.get(upstream.url("/")).send().await.is_err());
/// assert_eq!(client.get(upstream.url("/")).send().await?.text().await?, "hello");
/// assert_eq!(upstream.connections(), 1);
/// # Ok(())
/// # }
/// ```
pub type Http2Upstream = Upstream<Http2>;

/// The protocol of an [`Http2Upstream`].
#[derive(Debug)]
pub struct Http2(Arc<Mutex<Limits>>);

/// How a connection comes to its end after so many streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GoAway {
    /// The next stream is not taken: the GOAWAY names the last one that was, and the connection ends at
    /// once, with what is unfinished. As [`Reply::go_away`](crate::Reply::go_away) with `NO_ERROR`.
    Abrupt,
    /// The GOAWAY comes with the last of the streams, and all of them are answered before the connection
    /// ends. As [`Reply::then_close`](crate::Reply::then_close).
    Graceful,
}

/// What a connection is held to. A connection keeps those that it was accepted under.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Limits {
    at_once: Option<u32>,
    in_all: Option<(u64, GoAway)>,
}

impl Upstream<Http2> {
    /// Starts a server on a free port.
    ///
    /// # Panics
    ///
    /// When 127.0.0.1 has no free port left.
    #[expect(
        clippy::unused_async,
        reason = "the peers of this crate start alike; the node has to wait"
    )]
    pub async fn start() -> Self {
        let limits = Arc::new(Mutex::new(Limits::default()));
        let protocol = Http2(Arc::clone(&limits));
        Self::serving("http2-upstream", protocol, move |stream, number, shared| {
            let limits = *limits.lock();
            connection::serve(stream, number, shared, limits)
        })
    }

    /// Allows each connection accepted from now on this many streams at one time, and says so in its
    /// settings. A client that opens more before it has read them is refused (REFUSED_STREAM).
    pub fn limit_streams(&self, at_once: u32) {
        self.protocol.0.lock().at_once = Some(at_once);
    }

    /// Ends each connection accepted from now on after this many streams. A stream that is not taken is
    /// not among the [requests](Self::requests).
    ///
    /// # Panics
    ///
    /// When it is to be graceful after 0 streams: the client would connect again and again.
    pub fn go_away_after(&self, streams: u64, how: GoAway) {
        assert!(
            streams > 0 || how == GoAway::Abrupt,
            "a graceful end comes with the last stream, so there must be one"
        );
        self.protocol.0.lock().in_all = Some((streams, how));
    }
}
