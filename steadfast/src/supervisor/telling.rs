//! Telemetry, as the configuration wants it.

use steadfast_telemetry::Telemetry;

use super::error::{Problem, StartError};
use crate::config::Config;

/// Telemetry, and what it exports through.
pub(super) struct Telling {
    pub(super) telemetry: Telemetry,
    #[cfg(feature = "otlp")]
    pub(super) otlp: Option<steadfast_telemetry::Otlp>,
}

impl Telling {
    pub(super) fn start(config: &Config) -> Result<Self, StartError> {
        let settings = &config.telemetry;
        #[cfg(feature = "otlp")]
        let otlp = otlp(config)?;
        #[cfg(feature = "otlp")]
        let builder = match &otlp {
            Some(otlp) => otlp.telemetry(),
            None => Telemetry::builder(),
        };
        #[cfg(not(feature = "otlp"))]
        let builder = Telemetry::builder();
        let telemetry = builder
            .queue(settings.queue)
            .own_series(settings.own_series)
            .history(config.history())
            .message_body_size(settings.message_body_size)
            .build()
            .map_err(|error| Problem::new("telemetry", error))?;
        #[cfg(feature = "tracing")]
        if settings.log_events {
            let log = steadfast_telemetry::EventLog::new().handler();
            telemetry
                .attach("log", steadfast_telemetry::Filter::all(), log)
                .map_err(|error| Problem::new("telemetry.log_events", error))?;
        }
        #[cfg(feature = "prometheus")]
        if settings.prometheus {
            // The first call sets it up, so that series begin now and not when somebody first asks.
            let _ = telemetry.export_prometheus_metrics();
        }
        Ok(Self {
            telemetry,
            #[cfg(feature = "otlp")]
            otlp,
        })
    }
}

#[cfg(feature = "otlp")]
fn otlp(config: &Config) -> Result<Option<steadfast_telemetry::Otlp>, StartError> {
    if !config.telemetry.otlp {
        return Ok(None);
    }
    let built = steadfast_telemetry::Otlp::builder(config.service.name.as_str()).build();
    let otlp = built.map_err(|error| Problem::new("telemetry.otlp", error))?;
    Ok(Some(otlp))
}
