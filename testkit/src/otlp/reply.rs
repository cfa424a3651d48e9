//! What a receiver answers, or does instead of answering.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::{
    metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse},
    trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse},
};
use prost::Message;

use super::OtlpSignal;
use crate::Reply;

/// One answer of an [`OtlpReceiver`](crate::OtlpReceiver).
///
/// | reply | OTLP/HTTP | OTLP/gRPC |
/// |---|---|---|
/// | [`ok`](Self::ok), [`late`](Self::late), [`partial`](Self::partial) | 200 | `OK` |
/// | [`unavailable`](Self::unavailable) | 503 | `UNAVAILABLE` |
/// | [`retry_after`](Self::retry_after) | 503 with `Retry-After` | `UNAVAILABLE` with `RetryInfo` |
/// | [`refused`](Self::refused) | 400 | `INVALID_ARGUMENT` |
/// | [`hang`](Self::hang) | no answer | no answer |
/// | [`reset`](Self::reset) | resets the connection | resets the connection |
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct OtlpReply {
    action: Action,
    delay: Duration,
}

#[derive(Debug, Clone, Default)]
enum Action {
    #[default]
    Accept,
    Partial(i64, String),
    Unavailable(Option<Duration>),
    Refuse,
    Hang,
    Reset,
}

impl OtlpReply {
    /// Takes everything.
    pub const fn ok() -> Self {
        Self::act(Action::Accept)
    }

    /// Takes all but so many spans or data points, and says why. An exporter must not send them again.
    pub fn partial(rejected: i64, why: impl Into<String>) -> Self {
        Self::act(Action::Partial(rejected, why.into()))
    }

    /// Takes nothing now. An exporter is to try again.
    pub const fn unavailable() -> Self {
        Self::act(Action::Unavailable(None))
    }

    /// Takes nothing now, and says when to try again. HTTP has whole seconds only; what is less than
    /// one becomes 0.
    pub const fn retry_after(wait: Duration) -> Self {
        Self::act(Action::Unavailable(Some(wait)))
    }

    /// Takes nothing of it, ever. An exporter must not send it again.
    pub const fn refused() -> Self {
        Self::act(Action::Refuse)
    }

    /// Never answers, and keeps the connection open.
    pub const fn hang() -> Self {
        Self::act(Action::Hang)
    }

    /// Resets the connection.
    pub const fn reset() -> Self {
        Self::act(Action::Reset)
    }

    /// Takes everything, after so long.
    pub const fn late(delay: Duration) -> Self {
        Self {
            action: Action::Accept,
            delay,
        }
    }

    const fn act(action: Action) -> Self {
        Self {
            action,
            delay: Duration::ZERO,
        }
    }

    pub(crate) const fn accepts(&self) -> bool {
        matches!(self.action, Action::Accept | Action::Partial(..))
    }

    pub(crate) fn over_http(self, signal: OtlpSignal) -> Reply {
        let protobuf = |reply: Reply| reply.header("content-type", "application/x-protobuf");
        match self.action {
            Action::Accept => {
                protobuf(Reply::ok(message(signal, 0, String::new()))).delay(self.delay)
            }
            Action::Partial(rejected, why) => protobuf(Reply::ok(message(signal, rejected, why))),
            Action::Unavailable(None) => protobuf(Reply::status(503)),
            Action::Unavailable(Some(wait)) => {
                protobuf(Reply::status(503)).header("retry-after", wait.as_secs().to_string())
            }
            Action::Refuse => protobuf(Reply::status(400)),
            Action::Hang => Reply::stall(),
            Action::Reset => Reply::reset(),
        }
    }

    pub(crate) fn over_grpc(self, signal: OtlpSignal) -> Reply {
        match self.action {
            Action::Accept => grpc_ok(&message(signal, 0, String::new())).delay(self.delay),
            Action::Partial(rejected, why) => grpc_ok(&message(signal, rejected, why)),
            Action::Unavailable(wait) => {
                let reply = grpc(UNAVAILABLE).trailer("grpc-message", "busy");
                match wait {
                    None => reply,
                    Some(wait) => reply.trailer("grpc-status-details-bin", retry_info(wait)),
                }
            }
            Action::Refuse => grpc(INVALID_ARGUMENT),
            Action::Hang => Reply::stall(),
            Action::Reset => Reply::reset(),
        }
    }
}

/// The answer to an export; nothing rejected and nothing said is a whole success.
fn message(signal: OtlpSignal, rejected: i64, error_message: String) -> Vec<u8> {
    let partial = rejected != 0 || !error_message.is_empty();
    match signal {
        OtlpSignal::Traces => {
            let partial_success = partial.then_some(ExportTracePartialSuccess {
                rejected_spans: rejected,
                error_message,
            });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        }
        OtlpSignal::Metrics => {
            let partial_success = partial.then_some(ExportMetricsPartialSuccess {
                rejected_data_points: rejected,
                error_message,
            });
            ExportMetricsServiceResponse { partial_success }.encode_to_vec()
        }
    }
}

fn grpc(status: u8) -> Reply {
    Reply::status(200)
        .header("content-type", "application/grpc")
        .chunked()
        .trailer("grpc-status", status.to_string())
}

fn grpc_ok(message: &[u8]) -> Reply {
    let mut body = vec![0];
    body.extend((message.len() as u32).to_be_bytes());
    body.extend(message);
    grpc(OK).body(body)
}

/// A `google.rpc.Status` with a `google.rpc.RetryInfo` among its details, in base64 without padding.
fn retry_info(wait: Duration) -> String {
    #[derive(Clone, PartialEq, Message)]
    struct Span {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }
    #[derive(Clone, PartialEq, Message)]
    struct RetryInfo {
        #[prost(message, tag = "1")]
        retry_delay: Option<Span>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Any {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        value: Vec<u8>,
    }
    #[derive(Clone, PartialEq, Message)]
    struct Status {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }
    let retry_delay = Some(Span {
        seconds: wait.as_secs() as i64,
        nanos: wait.subsec_nanos() as i32,
    });
    let detail = Any {
        type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
        value: RetryInfo { retry_delay }.encode_to_vec(),
    };
    let status = Status {
        code: UNAVAILABLE.into(),
        message: "busy".to_owned(),
        details: vec![detail],
    };
    base64(&status.encode_to_vec())
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0; 4];
        word[1..=chunk.len()].copy_from_slice(chunk);
        let word = u32::from_be_bytes(word);
        for digit in 0..=chunk.len() {
            let bits = word >> (18 - 6 * digit) & 63;
            text.push(char::from(DIGITS[bits as usize]));
        }
    }
    text
}

const OK: u8 = 0;
const INVALID_ARGUMENT: u8 = 3;
const UNAVAILABLE: u8 = 14;

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_that_of_the_standard_without_padding() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
