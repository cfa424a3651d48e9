//! Peers for Steadfast's tests and its demo: servers that fail when they are told to.
//!
//! ```
//! use steadfast_testkit::{Fault, FaultProxy, HttpUpstream, Reply};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let upstream = HttpUpstream::start().await;
//! let proxy = FaultProxy::start(upstream.addr()).await;
//! upstream.script([Reply::status(503), Reply::reset(), Reply::ok("at last")]);
//! proxy.set(Fault::Refuse);
//!
//! let refused = tokio::net::TcpStream::connect(proxy.addr()).await;
//! assert!(refused.is_err());
//! assert_eq!(upstream.connections(), 0);
//! # }
//! ```
//!
//! | peer | is | fails by |
//! |---|---|---|
//! | [`FaultProxy`] | a TCP proxy in front of anything | refusing, resetting, delaying, stalling, cutting, throttling |
//! | [`HttpUpstream`] | an HTTP/1.1 server that follows a script | any status, resets, half bodies, silence, garbage |
//! | [`Http2Upstream`] | the same for HTTP/2 without TLS | all that, refused and reset streams, GOAWAY |
//! | [`RabbitNode`] | a private RabbitMQ node | crashing, freezing, stopping, alarms, `rabbitmqctl` |
//! | `OtlpReceiver` | a receiver of OpenTelemetry's OTLP, over HTTP or gRPC | refusing for a while or for good, partial success, silence, resets |
//! | [`Prometheus`] | a private Prometheus server | nothing: it scrapes what it is told to, and answers |
//!
//! [`Chaos`] is a script of random replies that a seed decides, for either upstream. [`golden()`] is no peer:
//! it holds files such as tables of names to what the code says; [`exposition()`] reads Prometheus' text format.
//!
//! All of them listen on 127.0.0.1 on ports that no other process can be given, run on threads and
//! processes of their own, in real time, and are gone when they are dropped.
//!
//! # Clocks
//!
//! Sockets are real here, and so is time. A test on a paused tokio clock must not wait for a peer: the
//! clock jumps to the next timer while the bytes are still on their way. Wait for conditions with a
//! bound ("until three requests have arrived, at most ten seconds"), not for durations.
//!
//! # Crate features
//!
//! `rabbit` and `prometheus` (off) build this crate's own tests that start RabbitMQ nodes and Prometheus
//! servers, so that a plain `cargo test` passes on a machine without them. The library is the same either
//! way: [`RabbitNode::start`] and [`Prometheus::start`] say what to install where it is missing. Unix only;
//! Rust 1.88.
//!
//! `otlp` (off) adds `OtlpReceiver`.

mod chaos;
mod clock;
mod exposition;
mod golden;
mod host;
mod http10;
#[cfg(feature = "otlp")]
mod otlp;
mod port;
mod process;
mod prometheus;
mod proxy;
mod rabbit;
mod socket;
mod upstream;

pub use chaos::{Chaos, Seen};
pub use exposition::{Exposed, exposition};
pub use golden::{golden, golden_section};
pub use h2::Reason;
#[cfg(feature = "otlp")]
pub use opentelemetry_proto;
#[cfg(feature = "otlp")]
pub use otlp::{OtlpExport, OtlpReceiver, OtlpReply, OtlpRequest, OtlpSignal};
pub use prometheus::Prometheus;
pub use proxy::{Fault, FaultProxy, ProxyStats};
pub use rabbit::{NodeError, RabbitNode, Unavailable};
pub use upstream::{GoAway, Http1, Http2, Http2Upstream, HttpUpstream, Received, Reply, Upstream};
