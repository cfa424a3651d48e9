//! A report in the form of the IETF health-check draft (draft-inadarei-api-health-check-06).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::probe::Probe;
use crate::snapshot::{ComponentReport, Report};
use crate::status::Status;

impl Report {
    /// The media type of [`to_json`](Self::to_json).
    pub const CONTENT_TYPE: &'static str = "application/health+json";

    /// The report as JSON in the form of the IETF health-check draft, for a readiness endpoint: the
    /// same as [`to_json_of`](Self::to_json_of) readiness.
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
        self.to_json_of(Probe::Readiness)
    }

    /// The answer to one probe as JSON in the form of the IETF health-check draft, with the components
    /// that count for it.
    ///
    /// The draft knows three words, and ties them to the HTTP status: `pass` is healthy, `warn` is
    /// anything else that is answered with 200, `fail` is what is answered with 503. For a component,
    /// degraded is `warn`, unhealthy and unknown are `fail`; its exact status stands in its `state`.
    /// The exact words for all three probes stand in `notes`. `output` is there unless the status is
    /// `pass`. Each component is under its name and `:responseTime` (a colon in the name becomes an
    /// underscore, as the draft asks; `componentId` is exact). `version`, `releaseId`, `description`
    /// and a `serviceId` other than the monitor's name are set with the [`Builder`](crate::Builder).
    ///
    /// # Examples
    /// ```
    /// # use steadfast_health::{Check, Monitor, Outcome, Probe};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let monitor = Monitor::builder("orders").release_id("1.2.2").build()?;
    /// monitor.register(Check::new("db", || async { Outcome::unhealthy("refused") }))?;
    /// let report = monitor.check_now().await;
    ///
    /// // Nothing counts for liveness here.
    /// let alive = report.to_json_of(Probe::Liveness);
    /// assert!(alive.contains(r#""status":"pass""#) && alive.contains(r#""releaseId":"1.2.2""#));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_json_of(&self, probe: Probe) -> String {
        let counting = || self.components.iter().filter(|each| each.counts_for(probe));
        let mut checks = Map::new();
        for component in counting() {
            let key = format!("{}:responseTime", component.name.replace(':', "_"));
            let measured = checks.entry(key).or_insert_with(|| json!([]));
            if let Value::Array(measured) = measured {
                measured.push(self.component_json(component));
            }
        }
        let about = &self.about;
        let service_id = about.service_id.as_ref().unwrap_or(&self.name);
        let notes = Probe::ALL.map(|probe| format!("{probe}: {}", self.status_of(probe)));
        let word = self.word(probe);
        let mut document = json!({
            "status": word,
            "serviceId": &**service_id,
            "notes": notes,
            "checks": checks,
        });
        for (key, value) in [
            ("version", &about.version),
            ("releaseId", &about.release_id),
            ("description", &about.description),
        ] {
            if let Some(value) = value {
                document[key] = Value::from(&**value);
            }
        }
        if word != PASS {
            document["output"] = Value::from(output(counting()));
        }
        document.to_string()
    }

    /// The answer to one probe as JSON in the form of the IETF health-check draft, without anything that
    /// strangers should not read: the status alone, `{"status":"pass"}`.
    #[must_use]
    pub fn to_terse_json_of(&self, probe: Probe) -> String {
        json!({ "status": self.word(probe) }).to_string()
    }

    /// The draft's word for the answer to a probe, which must go with the HTTP status.
    fn word(&self, probe: Probe) -> &'static str {
        match (self.http_status_of(probe), self.status_of(probe)) {
            (200, Status::Healthy) => PASS,
            (200, _) => WARN,
            _ => FAIL,
        }
    }

    fn component_json(&self, component: &ComponentReport) -> Value {
        let word = match component.status {
            Status::Healthy => PASS,
            Status::Degraded => WARN,
            Status::Unhealthy | Status::Unknown => FAIL,
        };
        let mut value = json!({
            "componentId": &*component.name,
            "componentType": "component",
            "status": word,
            "state": component.status.as_str(),
            "importance": component.importance.as_str(),
            "liveness": component.liveness,
            "startup": component.startup,
            "hasStarted": component.has_started,
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
        if !component.depends_on.is_empty() {
            value["dependsOn"] = component.depends_on.iter().map(|name| &**name).collect();
        }
        if let Some(waits_for) = &component.waits_for {
            value["waitsFor"] = Value::from(&**waits_for);
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

impl ComponentReport {
    fn counts_for(&self, probe: Probe) -> bool {
        match probe {
            Probe::Liveness => self.liveness,
            Probe::Readiness => true,
            Probe::Startup => self.startup,
        }
    }
}

/// What is not healthy, in one line.
fn output<'a>(components: impl Iterator<Item = &'a ComponentReport>) -> String {
    let troubled = components.filter(|component| component.status != Status::Healthy);
    let parts: Vec<_> = troubled
        .map(|component| match &component.message {
            Some(message) => format!("{} is {}: {message}", component.name, component.status),
            None => format!("{} is {}", component.name, component.status),
        })
        .collect();
    parts.join("; ")
}

/// Milliseconds with at most three decimals.
fn milliseconds(duration: Duration) -> Value {
    Value::from(duration.as_micros() as f64 / 1000.0)
}

/// A time of day in UTC, to the millisecond. Outside 1970 to 9999, which the form has no place for, the
/// nearest that it has.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    humantime::format_rfc3339_millis(UNIX_EPOCH + since.min(LATEST)).to_string()
}

const PASS: &str = "pass";
const WARN: &str = "warn";
const FAIL: &str = "fail";

/// The last millisecond of the year 9999.
const LATEST: Duration = Duration::from_millis(253_402_300_799_999);
