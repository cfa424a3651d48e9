//! The metrics of the dashboard itself.

use std::sync::atomic::{AtomicU64, Ordering};

use steadfast_telemetry::names::OUTCOME;
use steadfast_telemetry::{Attribute, Instrument, Samples, Source};

use crate::controls::Verb;
use crate::view::kinds;

/// What an operator asked for.
pub const ACTION: &str = "resilience.action";

/// Pages that are live.
pub const STREAMS: Instrument = Instrument::up_down_counter(
    "resilience.dashboard.streams",
    "{stream}",
    "Pages that are live.",
);
/// Pages that were refused.
pub const STREAMS_REFUSED: Instrument = Instrument::counter(
    "resilience.dashboard.streams_refused",
    "{stream}",
    "Pages that could not be live, as too many were.",
);
/// Pages that took nothing any more.
pub const STREAMS_DROPPED: Instrument = Instrument::counter(
    "resilience.dashboard.streams_dropped",
    "{stream}",
    "Pages that were live and had taken nothing for 30 seconds.",
);
/// What operators asked for, by [`ACTION`] and [`OUTCOME`].
pub const CONTROLS: Instrument = Instrument::counter(
    "resilience.dashboard.controls",
    "{request}",
    "Well-formed requests to change something, by action and outcome.",
)
.by(&[
    Attribute::one_of(
        ACTION,
        &[
            "force_open",
            "force_closed",
            "disable",
            "automatic",
            "reset",
            "set_limit",
            "reconnect",
            "check_now",
        ],
    ),
    Attribute::one_of(OUTCOME, &["done", "denied", "refused"]),
]);

/// All of them.
pub const ALL: &[Instrument] = &[STREAMS, STREAMS_REFUSED, STREAMS_DROPPED, CONTROLS];

/// What became of a request to change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    /// The authoriser did not allow it.
    Denied,
    /// It was allowed and could not be done.
    Refused,
}

const OUTCOMES: [(&str, Outcome); 3] = [
    ("done", Outcome::Done),
    ("denied", Outcome::Denied),
    ("refused", Outcome::Refused),
];

/// The dashboard as a source of telemetry. Counts that order nothing, hence relaxed.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    streams: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    controls: [[AtomicU64; OUTCOMES.len()]; Verb::ALL.len()],
}

impl Counters {
    pub(crate) fn began(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self) {
        self.streams.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn drop_one(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn control(&self, verb: Verb, outcome: Outcome) {
        self.controls[verb as usize][outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

impl Source for Counters {
    /// There is one; its series need no name.
    fn name(&self) -> &str {
        ""
    }

    fn kind(&self) -> &'static str {
        kinds::DASHBOARD
    }

    fn instruments(&self) -> &'static [Instrument] {
        ALL
    }

    fn collect(&self, samples: &mut Samples<'_>) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        samples.record(&STREAMS, read(&self.streams), &[]);
        samples.record(&STREAMS_REFUSED, read(&self.refused), &[]);
        samples.record(&STREAMS_DROPPED, read(&self.dropped), &[]);
        for verb in Verb::ALL {
            for (word, outcome) in OUTCOMES {
                let count = read(&self.controls[verb as usize][outcome as usize]);
                let attributes = [(ACTION, verb.as_str()), (OUTCOME, word)];
                samples.record(&CONTROLS, count, &attributes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_and_outcome_has_a_count_of_its_own_under_its_name() {
        for (place, verb) in Verb::ALL.into_iter().enumerate() {
            assert_eq!(verb as usize, place);
        }
        for (place, (_, outcome)) in OUTCOMES.into_iter().enumerate() {
            assert_eq!(outcome as usize, place);
        }
        let words = CONTROLS.attributes()[0].to_string();
        assert!(
            words.ends_with(&Verb::ALL.map(Verb::as_str).join("|")),
            "{words}"
        );
    }
}
