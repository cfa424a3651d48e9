//! The span of a message that is published. Without feature `telemetry`, and while nobody watches the
//! connection, there is none, and nothing is read or built for it.

#[cfg(not(feature = "telemetry"))]
mod off;
#[cfg(feature = "telemetry")]
mod on;

#[cfg(not(feature = "telemetry"))]
pub(crate) use self::off::PublishSpan;
#[cfg(feature = "telemetry")]
pub(crate) use self::on::PublishSpan;
