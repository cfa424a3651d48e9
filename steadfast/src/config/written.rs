//! How values are written.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serializer;
use serde::ser::Error;

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

/// Retries by name: one without a budget says so, for it would inherit one when it is read again.
pub(super) fn retries<S: Serializer>(
    retries: &BTreeMap<String, crate::retry::Config>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut tables = BTreeMap::new();
    for (name, retry) in retries {
        let mut table = toml::Table::try_from(retry).map_err(S::Error::custom)?;
        table.entry("budget").or_insert(toml::Value::Boolean(false));
        tables.insert(name, table);
    }
    serializer.collect_map(tables)
}
