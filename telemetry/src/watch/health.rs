//! Watching a health monitor.

use std::sync::Arc;

use steadfast_health::{
    Changed, Checked, ComponentReport, Monitor, Observer, Report, Status, WeakMonitor,
};

use super::Watch;
use crate::event::EventKind;
use crate::instrument::Instrument;
use crate::names;
use crate::notes::Notes;
use crate::sink::EventSink;
use crate::source::{Samples, Source};
use crate::telemetry::Telemetry;

/// Owned by the monitor as its observer, and by nobody else: it ends with the monitor.
struct Watched {
    monitor: WeakMonitor,
    name: Arc<str>,
    sink: EventSink,
}

impl Watch for Monitor {
    fn watched_by(&self, telemetry: &Telemetry) {
        let watched = Arc::new(Watched {
            monitor: self.downgrade(),
            name: Arc::from(self.name()),
            sink: telemetry.sink(),
        });
        let source: Arc<dyn Source> = Arc::<Watched>::clone(&watched);
        if telemetry.insert(self.downgrade(), WeakMonitor::ptr_eq, &source) {
            self.add_observer(watched);
        }
    }
}

impl Observer for Watched {
    fn checked(&self, checked: &Checked) {
        if self.sink.wants(EventKind::HealthCheck) {
            self.sink.push(checked.clone());
        }
    }

    fn changed(&self, changed: &Changed) {
        if self.sink.wants(EventKind::HealthCheck) {
            self.sink.push(changed.clone());
        }
    }
}

impl Source for Watched {
    fn name(&self) -> &str {
        &self.name
    }

    fn kind(&self) -> &'static str {
        "health_monitor"
    }

    fn instruments(&self) -> &'static [Instrument] {
        names::HEALTH
    }

    fn describe(&self, notes: &mut Notes) {
        if let Some(monitor) = self.monitor.upgrade() {
            let report = monitor.get_health();
            notes.text("readiness", report.readiness);
            notes.text("liveness", report.liveness);
            for component in &report.components {
                if let Some(message) = &component.message {
                    notes.text(format!("check {}", component.name), message);
                }
            }
        }
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let Some(monitor) = self.monitor.upgrade() else {
            return;
        };
        let now = monitor.get_health();
        collect_roll_ups(&now, samples);
        for component in &now.components {
            collect_component(component, samples);
        }
        samples.record(&names::HEALTH_OBSERVER_PANICS, now.observer_panics, &[]);
    }
}

fn collect_roll_ups(now: &Report, samples: &mut Samples<'_>) {
    for (probe, status) in [("liveness", now.liveness), ("readiness", now.readiness)] {
        let probe = (names::PROBE, probe);
        for (state, is_in) in one_hot(status) {
            samples.record(
                &names::HEALTH_STATUS,
                is_in,
                &[probe, (names::STATE, state)],
            );
        }
    }
}

fn collect_component(component: &ComponentReport, samples: &mut Samples<'_>) {
    let name = (names::COMPONENT, &*component.name);
    for (state, is_in) in one_hot(component.status) {
        let state = (names::STATE, state);
        samples.record(&names::HEALTH_COMPONENT_STATUS, is_in, &[name, state]);
    }
    let answered = component.checks - component.timeouts - component.panics;
    for (outcome, runs) in [
        ("answered", answered),
        ("timed_out", component.timeouts),
        ("panicked", component.panics),
        ("abandoned", component.abandoned),
    ] {
        samples.record(
            &names::HEALTH_CHECKS,
            runs,
            &[name, (names::OUTCOME, outcome)],
        );
    }
    if let Some(duration) = component.duration {
        let seconds = duration.as_secs_f64();
        samples.record_f64(&names::HEALTH_CHECK_LAST_DURATION, seconds, &[name]);
    }
}

fn one_hot(status: Status) -> [(&'static str, u64); 4] {
    [
        Status::Healthy,
        Status::Degraded,
        Status::Unhealthy,
        Status::Unknown,
    ]
    .map(|one| (one.as_str(), u64::from(one == status)))
}
