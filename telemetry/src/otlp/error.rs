//! What can go wrong when exporting is set up, and what was lost when it ends.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use opentelemetry_otlp::ExporterBuildError;

use crate::error::FieldError;

/// Exporting over OTLP cannot be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum OtlpError {
    /// Variables or settings are wrong. It lists every one, by its name, with its value and the rule.
    /// The values of headers are left out.
    Settings(Vec<FieldError>),
    /// The thread that sends could not be started.
    Thread(io::Error),
    /// OpenTelemetry's exporter cannot be built from these settings.
    Exporter(ExporterBuildError),
}

impl fmt::Display for OtlpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(fields) => {
                f.write_str("OTLP is misconfigured: ")?;
                for (index, field) in fields.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; " };
                    write!(f, "{separator}{field}")?;
                }
                Ok(())
            }
            Self::Thread(_) => f.write_str("the OTLP thread could not be started"),
            Self::Exporter(_) => f.write_str("the OTLP exporter could not be built"),
        }
    }
}

impl StdError for OtlpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Settings(_) => None,
            Self::Thread(error) => Some(error),
            Self::Exporter(error) => Some(error),
        }
    }
}

/// What [`Otlp::shutdown`](super::Otlp::shutdown) or [`Otlp::force_flush`](super::Otlp::force_flush)
/// could not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undelivered {
    /// Spans that were waiting or ended meanwhile and that the receiver has not taken. After a
    /// shutdown they are lost; after a flush, those that are still waiting will be tried again.
    pub spans: u64,
    /// Whether the receiver has not taken the last collection of metrics. With cumulative temporality
    /// the next one makes up for it; after a shutdown there is none.
    pub metrics: bool,
    /// Whether time ran out.
    pub timed_out: bool,
    /// Why the last export that failed did, one of before only if none has succeeded since.
    pub reason: Option<String>,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("telemetry was not delivered: ")?;
        match (self.spans, self.metrics) {
            (0, false) => f.write_str("nothing was waiting")?,
            (0, true) => f.write_str("the last metrics")?,
            (spans, false) => write!(f, "{spans} spans")?,
            (spans, true) => write!(f, "{spans} spans and the last metrics")?,
        }
        if self.timed_out {
            f.write_str("; time ran out")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, "; {reason}")?;
        }
        Ok(())
    }
}

impl StdError for Undelivered {}
