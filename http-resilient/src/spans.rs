//! The spans of a request and its attempts. Without feature `telemetry`, and while nobody watches the
//! client, there are none, and nothing is read or built for them.

#[cfg(not(feature = "telemetry"))]
mod off;
#[cfg(feature = "telemetry")]
mod on;

#[cfg(not(feature = "telemetry"))]
pub(crate) use self::off::{AttemptSpan, CallSpan};
#[cfg(feature = "telemetry")]
pub(crate) use self::on::{AttemptSpan, CallSpan};
