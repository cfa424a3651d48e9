//! Which process the page is of.

use serde::Serialize;

use crate::builder::Settings;
use crate::clock;

/// What identifies this process to people.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Process {
    service: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Another one for each dashboard that is built.
    instance: String,
    pid: u32,
    /// In milliseconds since 1970.
    pub(crate) started_at: u64,
    steadfast: &'static str,
}

impl Process {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            service: settings.service.clone(),
            version: settings.version.clone(),
            instance: format!("{:016x}", rand::random::<u64>()),
            pid: std::process::id(),
            started_at: clock::millis(clock::wall()),
            steadfast: env!("CARGO_PKG_VERSION"),
        }
    }
}
