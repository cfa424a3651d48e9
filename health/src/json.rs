//! A report in the form of the IETF health-check draft (draft-inadarei-api-health-check-06).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::snapshot::{ComponentReport, Report};
use crate::status::Status;

impl Report {
    /// The media type of [`to_json`](Self::to_json).
    pub const CONTENT_TYPE: &'static str = "application/health+json";

    /// The report as JSON in the form of the IETF health-check draft.
    ///
    /// The draft knows three words: healthy is `pass`, degraded is `warn`, unhealthy and unknown
    /// are `fail`; the exact status of a component stands in its `state`. The status of the whole
    /// is the readiness; the exact words for it and for the liveness stand in `notes`. `output`
    /// is there unless the status is `pass`. Each component is under its name and `:responseTime`
    /// (a colon in the name becomes an underscore, as the draft asks; `componentId` is exact).
    ///
    /// # Examples
    /// ```
    /// # use steadfast_health::{Check, Monitor, Outcome, Report};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let monitor = Monitor::builder("orders").build()?;
    /// monitor.register(Check::new("db", || async { Outcome::unhealthy("refused") }))?;
    /// let report = monitor.check_now().await;
    ///
    /// assert_eq!(Report::CONTENT_TYPE, "application/health+json");
    /// assert_eq!(report.http_status(), 503);
    /// assert!(report.to_json().contains(r#""output":"db is unhealthy: refused""#));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut checks = Map::new();
        for component in &self.components {
            let key = format!("{}:responseTime", component.name.replace(':', "_"));
            let measured = checks.entry(key).or_insert_with(|| json!([]));
            if let Value::Array(measured) = measured {
                measured.push(self.component_json(component));
            }
        }
        let mut document = json!({
            "status": word(self.readiness),
            "serviceId": &*self.name,
            "notes": [
                format!("readiness: {}", self.readiness),
                format!("liveness: {}", self.liveness),
            ],
            "checks": checks,
        });
        if self.readiness != Status::Healthy {
            document["output"] = Value::from(self.output());
        }
        document.to_string()
    }

    /// The HTTP status for a readiness endpoint: 200 while healthy or degraded, 503 while unhealthy
    /// or unknown, so that no traffic comes before the first results.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self.readiness {
            Status::Healthy | Status::Degraded => 200,
            Status::Unhealthy | Status::Unknown => 503,
        }
    }

    /// The HTTP status for a liveness endpoint: 503 only while unhealthy, 200 otherwise. Not to
    /// know is no reason to be restarted: at start everything is unknown.
    #[must_use]
    pub fn liveness_http_status(&self) -> u16 {
        match self.liveness {
            Status::Healthy | Status::Degraded | Status::Unknown => 200,
            Status::Unhealthy => 503,
        }
    }

    /// What is not healthy, in one line.
    fn output(&self) -> String {
        let mut parts = Vec::new();
        for component in &self.components {
            if component.status == Status::Healthy {
                continue;
            }
            parts.push(match &component.message {
                Some(message) => format!("{} is {}: {message}", component.name, component.status),
                None => format!("{} is {}", component.name, component.status),
            });
        }
        parts.join("; ")
    }

    fn component_json(&self, component: &ComponentReport) -> Value {
        let mut value = json!({
            "componentId": &*component.name,
            "componentType": "component",
            "status": word(component.status),
            "state": component.status.as_str(),
            "importance": component.importance.as_str(),
            "liveness": component.liveness,
            "consecutiveBad": component.consecutive_bad,
        });
        if let Some(duration) = component.duration {
            value["observedValue"] = milliseconds(duration);
            value["observedUnit"] = Value::from("ms");
        }
        if let Some(ago) = component.checked_ago {
            value["time"] = Value::from(rfc3339(self.at.checked_sub(ago).unwrap_or(UNIX_EPOCH)));
        }
        if component.status != Status::Healthy {
            if let Some(message) = &component.message {
                value["output"] = Value::from(&**message);
            }
        }
        if !component.details.is_empty() {
            value["details"] = component
                .details
                .iter()
                .map(|(key, detail)| (key.clone(), Value::from(&**detail)))
                .collect::<Map<_, _>>()
                .into();
        }
        value
    }
}

/// The draft's word for a status.
const fn word(status: Status) -> &'static str {
    match status {
        Status::Healthy => "pass",
        Status::Degraded => "warn",
        Status::Unhealthy | Status::Unknown => "fail",
    }
}

/// Milliseconds with at most three decimals.
fn milliseconds(duration: Duration) -> Value {
    Value::from(duration.as_micros() as f64 / 1000.0)
}

/// A time of day in UTC, to the millisecond; before 1970 there is nothing to report.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The Gregorian date of a day counted from 1970-01-01: Howard Hinnant's `civil_from_days`, whose
/// years begin in March so that the leap day is the last day of one.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + (month <= 2) as u64;
    (year, month, day)
}
