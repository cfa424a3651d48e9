//! What a receiver keeps of a request.

use std::io::Read;

use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::{
    metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest,
};
use prost::Message;

use crate::Received;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OtlpSignal {
    /// Spans.
    Traces,
    /// Metrics.
    Metrics,
}

/// A request that reached a receiver whole.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OtlpRequest {
    /// What it exports.
    pub signal: OtlpSignal,
    /// The message as it came: the bytes that an independent decoder is to be given, with compression
    /// and, on gRPC, the prefix taken off.
    pub raw: Vec<u8>,
    /// The same, decoded.
    pub export: OtlpExport,
    /// Whether the message was compressed.
    pub compressed: bool,
    /// Whether the receiver took it. One that was answered with an error, or never, was not.
    pub accepted: bool,
    /// The headers in the order in which they were sent, names in lower case.
    pub headers: Vec<(String, String)>,
}

/// A decoded message.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OtlpExport {
    /// Spans.
    Traces(ExportTraceServiceRequest),
    /// Metrics.
    Metrics(ExportMetricsServiceRequest),
}

impl OtlpRequest {
    /// The spans.
    ///
    /// # Panics
    ///
    /// When it has metrics.
    #[must_use]
    pub fn traces(&self) -> &ExportTraceServiceRequest {
        match &self.export {
            OtlpExport::Traces(traces) => traces,
            OtlpExport::Metrics(_) => panic!("a request of metrics has no spans"),
        }
    }

    /// The metrics.
    ///
    /// # Panics
    ///
    /// When it has spans.
    #[must_use]
    pub fn metrics(&self) -> &ExportMetricsServiceRequest {
        match &self.export {
            OtlpExport::Metrics(metrics) => metrics,
            OtlpExport::Traces(_) => panic!("a request of spans has no metrics"),
        }
    }

    /// The value of the first header of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut named = self
            .headers
            .iter()
            .filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }
}

/// What is wrong with a request.
pub(crate) struct Malformed(pub(crate) String);

impl Malformed {
    fn new(received: &Received, why: &str) -> Self {
        Self(format!("{} {}: {why}", received.method, received.path))
    }
}

pub(crate) fn from_http(received: &Received) -> Result<OtlpRequest, Malformed> {
    let signal = match received.path.as_str() {
        "/v1/traces" => OtlpSignal::Traces,
        "/v1/metrics" => OtlpSignal::Metrics,
        _ => return Err(Malformed::new(received, "no such path")),
    };
    is_post(received)?;
    let compressed = is_gzip(received, "content-encoding")?;
    is_of_type(received, "application/x-protobuf")?;
    decoded(received, signal, compressed, &received.body)
}

pub(crate) fn from_grpc(received: &Received) -> Result<OtlpRequest, Malformed> {
    let signal = match received.path.as_str() {
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => OtlpSignal::Traces,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => OtlpSignal::Metrics,
        _ => return Err(Malformed::new(received, "no such method")),
    };
    is_post(received)?;
    let Some((&[flag, a, b, c, d], message)) = received.body.split_first_chunk() else {
        return Err(Malformed::new(received, "shorter than the prefix"));
    };
    if message.len() != u32::from_be_bytes([a, b, c, d]) as usize {
        return Err(Malformed::new(received, "not one whole message"));
    }
    // A message may be sent as it is all the same, hence a flag for each.
    if flag == 1 && !is_gzip(received, "grpc-encoding")? {
        return Err(Malformed::new(received, "compressed, and nothing says how"));
    }
    is_of_type(received, "application/grpc")?;
    decoded(received, signal, flag == 1, message)
}

fn is_post(received: &Received) -> Result<(), Malformed> {
    if received.method == "POST" {
        return Ok(());
    }
    Err(Malformed::new(received, "not a POST"))
}

fn is_gzip(received: &Received, header: &str) -> Result<bool, Malformed> {
    match received.header(header) {
        None => Ok(false),
        Some("gzip") => Ok(true),
        Some(other) => Err(Malformed::new(received, other)),
    }
}

/// An exporter that names the wrong type is turned away, however well its message decodes.
fn is_of_type(received: &Received, expected: &str) -> Result<(), Malformed> {
    let found = received.header("content-type").unwrap_or_default();
    if found.split(';').next() == Some(expected) {
        return Ok(());
    }
    let why = format!("content-type is {found:?}");
    Err(Malformed::new(received, &why))
}

fn decoded(
    received: &Received,
    signal: OtlpSignal,
    compressed: bool,
    message: &[u8],
) -> Result<OtlpRequest, Malformed> {
    let mut raw = Vec::new();
    if compressed {
        let inflated = GzDecoder::new(message).read_to_end(&mut raw);
        inflated.map_err(|error| Malformed::new(received, &error.to_string()))?;
    } else {
        raw.extend_from_slice(message);
    }
    let export = match signal {
        OtlpSignal::Traces => Message::decode(raw.as_slice()).map(OtlpExport::Traces),
        OtlpSignal::Metrics => Message::decode(raw.as_slice()).map(OtlpExport::Metrics),
    };
    Ok(OtlpRequest {
        signal,
        export: export.map_err(|error| Malformed::new(received, &error.to_string()))?,
        raw,
        compressed,
        accepted: false,
        headers: received.headers.clone(),
    })
}
