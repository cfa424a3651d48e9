//! How values are written.

use std::time::Duration;

use serde::Serializer;

/// As a string like `"1m 30s"`.
pub(super) fn duration<S: Serializer>(
    duration: &Duration,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_duration(*duration))
}

/// The same, of a value that may be missing.
#[cfg(feature = "amqp")]
pub(super) fn some_duration<S: Serializer>(
    duration: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(given) => serializer.collect_str(&humantime::format_duration(*given)),
        None => serializer.serialize_none(),
    }
}
