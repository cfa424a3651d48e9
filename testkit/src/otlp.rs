//! A receiver of OTLP: what a collector is to an exporter, as far as an exporter can tell.
//!
//! It is one of this crate's scripted HTTP servers, so that a receiver can do what a well-made server
//! library cannot. The protocols on top are small and written out here: a POST of a protobuf message
//! for OTLP/HTTP, and the same message behind a prefix of five bytes, with a status in the trailers,
//! for gRPC.

mod reply;
mod request;
mod shared;

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use self::shared::Shared;
pub use self::{
    reply::OtlpReply,
    request::{OtlpExport, OtlpRequest, OtlpSignal},
};
use crate::{Http2Upstream, HttpUpstream};

/// A receiver of traces and metrics on 127.0.0.1, over OTLP/HTTP or OTLP/gRPC.
///
/// It keeps every request, decoded and as the bytes it came in. It accepts everything unless its
/// [script](Self::script) says otherwise. Dropping it closes its port and every connection.
///
/// # Examples
///
/// ```
/// use steadfast_testkit::{OtlpReceiver, OtlpReply, OtlpSignal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reqwest::Error> {
/// let receiver = OtlpReceiver::http().await;
/// receiver.script(OtlpSignal::Traces, [OtlpReply::unavailable()]);
///
/// let client = reqwest::Client::new();
/// let post = || {
///     let post = client.post(format!("{}/v1/traces", receiver.endpoint()));
///     post.header("content-type", "application/x-protobuf").send()
/// };
/// assert_eq!(post().await?.status(), 503);
/// assert_eq!(post().await?.status(), 200);
///
/// let requests = receiver.wait_for(OtlpSignal::Traces, 2).await;
/// assert_eq!(requests.iter().filter(|request| request.accepted).count(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct OtlpReceiver {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug)]
enum Server {
    Http(HttpUpstream),
    Grpc(Http2Upstream),
}

impl OtlpReceiver {
    /// Starts a receiver of OTLP/HTTP with protobuf bodies, gzipped or not.
    ///
    /// # Panics
    ///
    /// When 127.0.0.1 has no free port left.
    pub async fn http() -> Self {
        let shared = Arc::new(Shared::default());
        let upstream = HttpUpstream::start().await;
        let answering = Arc::clone(&shared);
        upstream.respond_with(move |received, _| {
            let request = request::from_http(received);
            answering.take(request, |signal, reply| reply.over_http(signal))
        });
        Self {
            server: Server::Http(upstream),
            shared,
        }
    }

    /// Starts a receiver of OTLP/gRPC, without TLS.
    ///
    /// # Panics
    ///
    /// When 127.0.0.1 has no free port left.
    pub async fn grpc() -> Self {
        let shared = Arc::new(Shared::default());
        let upstream = Http2Upstream::start().await;
        let answering = Arc::clone(&shared);
        upstream.respond_with(move |received, _| {
            let request = request::from_grpc(received);
            answering.take(request, |signal, reply| reply.over_grpc(signal))
        });
        Self {
            server: Server::Grpc(upstream),
            shared,
        }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let addr = match &self.server {
            Server::Http(upstream) => upstream.addr(),
            Server::Grpc(upstream) => upstream.addr(),
        };
        format!("http://{addr}")
    }

    /// Appends replies to the script of a signal. Each of its requests takes one, in the order of
    /// arrival.
    pub fn script(&self, signal: OtlpSignal, replies: impl IntoIterator<Item = OtlpReply>) {
        self.shared.script(signal, replies);
    }

    /// Answers every request that finds no scripted reply like this. Acceptance, unless this is called.
    pub fn otherwise(&self, reply: OtlpReply) {
        self.shared.otherwise(reply);
    }

    /// Every request so far, of both signals, in the order of arrival and whatever its answer.
    #[must_use]
    pub fn requests(&self) -> Vec<OtlpRequest> {
        self.shared.requests()
    }

    /// Waits until so many requests of a signal have arrived, and returns all of them.
    ///
    /// # Panics
    ///
    /// When they have not after twenty seconds.
    pub async fn wait_for(&self, signal: OtlpSignal, count: usize) -> Vec<OtlpRequest> {
        let of_signal = || {
            let mut requests = self.requests();
            requests.retain(|request| request.signal == signal);
            requests
        };
        let mut arrivals = self.shared.arrivals();
        let enough = arrivals.wait_for(|_| of_signal().len() >= count);
        if timeout(LIMIT, enough).await.is_err() {
            let got = of_signal().len();
            panic!("{got} of {count} requests of {signal:?} within {LIMIT:?}");
        }
        of_signal()
    }

    /// Requests whose answer is not finished yet: those that hang, until the exporter gives them up.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        match &self.server {
            Server::Http(upstream) => upstream.in_flight(),
            Server::Grpc(upstream) => upstream.in_flight(),
        }
    }

    /// Bytes that came to it and were no OTLP: what was wrong with each request.
    #[must_use]
    pub fn malformed(&self) -> Vec<String> {
        self.shared.malformed()
    }
}

/// Far above what an exporter needs on this machine, far below the patience of a test runner.
const LIMIT: Duration = Duration::from_secs(20);
