//! The supervisor as telemetry sees it: what is switched off, what was read again, what waits for a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use steadfast_telemetry::{
    EventKind, EventSink, EventSinks, Instrument, Notes, Notice, NoticeLevel, Samples, Source,
};

use super::metrics;
use super::plan::Switches;
use super::set::Retired;

/// What the supervisor says of itself.
#[derive(Debug)]
pub(super) struct About {
    service: Arc<str>,
    now: Mutex<Now>,
    stopping: AtomicBool,
    applied: AtomicU64,
    unchanged: AtomicU64,
    refused: AtomicU64,
    sinks: EventSinks,
}

#[derive(Debug)]
struct Now {
    switches: Switches,
    needs_restart: Vec<String>,
    retired: Retired,
    last_reload: Option<Arc<str>>,
}

/// How reading the settings again has ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reloaded {
    Applied,
    Unchanged,
    Refused,
}

impl About {
    pub(super) fn new(service: &str, switches: Switches) -> Self {
        Self {
            service: service.into(),
            now: Mutex::new(Now {
                switches,
                needs_restart: Vec::new(),
                retired: Retired::default(),
                last_reload: None,
            }),
            stopping: AtomicBool::new(false),
            applied: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            sinks: EventSinks::new(),
        }
    }

    pub(super) fn service(&self) -> &str {
        &self.service
    }

    pub(super) fn switches(&self) -> Switches {
        self.now.lock().switches
    }

    pub(super) fn needs_restart(&self) -> Vec<String> {
        self.now.lock().needs_restart.clone()
    }

    /// The keys of what is retired and in use.
    pub(super) fn retired(&self) -> Vec<String> {
        let retired = self.now.lock().retired.clone();
        retired.in_use()
    }

    pub(super) fn stops(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Notes what is in force now, and tells of switches that were thrown.
    pub(super) fn changed(&self, switches: Switches, needs_restart: Vec<String>, retired: Retired) {
        let before = {
            let mut now = self.now.lock();
            now.needs_restart = needs_restart;
            now.retired = retired;
            std::mem::replace(&mut now.switches, switches)
        };
        for ((what, was), (_, is)) in before.all().into_iter().zip(switches.all()) {
            if was != is {
                self.tell_switch(what, is);
            }
        }
    }

    /// Tells what is switched off from the start.
    pub(super) fn tell_switches(&self) {
        for what in self.switches().off() {
            self.tell_switch(what, false);
        }
    }

    fn tell_switch(&self, what: &'static str, on: bool) {
        let (level, text) = match on {
            true => (NoticeLevel::Info, "switched on again by configuration"),
            false => (NoticeLevel::Warning, "switched off by configuration"),
        };
        self.notice("switch", what, level, text);
    }

    pub(super) fn reloaded(&self, how: Reloaded, level: NoticeLevel, text: &str) {
        let count = match how {
            Reloaded::Applied => &self.applied,
            Reloaded::Unchanged => &self.unchanged,
            Reloaded::Refused => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.now.lock().last_reload = Some(text.into());
        self.notice("reload", &self.service, level, text);
    }

    pub(super) fn notice(&self, topic: &'static str, name: &str, level: NoticeLevel, text: &str) {
        self.sinks
            .push(EventKind::Notice, || Notice::new(topic, name, level, text));
    }
}

impl Source for About {
    fn name(&self) -> &str {
        &self.service
    }

    fn kind(&self) -> &'static str {
        "supervisor"
    }

    fn instruments(&self) -> &'static [Instrument] {
        metrics::SUPERVISOR
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        for (outcome, count) in [
            ("applied", &self.applied),
            ("unchanged", &self.unchanged),
            ("refused", &self.refused),
        ] {
            let outcome = [(metrics::OUTCOME, outcome)];
            samples.record(&metrics::RELOADS, count.load(Ordering::Relaxed), &outcome);
        }
        for (what, on) in self.switches().all() {
            samples.record(
                &metrics::SWITCHED_OFF,
                u64::from(!on),
                &[(metrics::SWITCH, what)],
            );
        }
        let waiting = self.now.lock().needs_restart.len();
        samples.record(&metrics::NEEDS_RESTART, waiting as u64, &[]);
    }

    fn describe(&self, notes: &mut Notes) {
        let (switches, needs_restart, last_reload) = {
            let now = self.now.lock();
            let reload = now.last_reload.clone();
            (now.switches, now.needs_restart.join(", "), reload)
        };
        notes.flag("stopping", self.is_stopping());
        if !switches.off().is_empty() {
            notes.text("switched_off", switches.off().join(", "));
        }
        if !needs_restart.is_empty() {
            notes.text("needs_restart", needs_restart);
        }
        let retired = self.retired();
        if !retired.is_empty() {
            notes.text("retired", retired.join(", "));
        }
        if let Some(text) = last_reload {
            notes.text("last_reload", text);
        }
    }

    fn watched(&self, sink: EventSink) {
        self.sinks.add(sink);
    }
}
