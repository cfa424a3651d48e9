//! What telemetry has kept of the past, as the series of charts and as seeds of rates.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use steadfast_telemetry::names::{
    BREAKER_FAILURE_RATIO, BUDGET_TOKENS, BULKHEAD_IN_FLIGHT, BULKHEAD_LIMIT, BULKHEAD_QUEUED,
};
use steadfast_telemetry::{ComponentHistory, SeriesHistory};

use super::kinds;
pub(crate) use super::tally::MOST;
use super::tally::{self, Tally};

/// Values by time, the latest at the end; `null` where nothing is known.
pub(crate) type Line = Vec<Option<f32>>;

/// The lines of one row, by name.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Lines(BTreeMap<&'static str, Line>);

/// One of the two histories of a series.
pub(crate) type Choose = fn(&SeriesHistory) -> &Vec<Option<f32>>;

pub(crate) const BY_SECOND: Choose = |series| &series.seconds;
pub(crate) const BY_TEN_SECONDS: Choose = |series| &series.ten_seconds;

/// A line, and the metric that it is of.
type Gauge = (&'static str, &'static str);

/// Gauges that have a chart.
fn gauges(kind: &str) -> &'static [Gauge] {
    const BREAKER: &[Gauge] = &[("failure_ratio", BREAKER_FAILURE_RATIO.name())];
    const BULKHEAD: &[Gauge] = &[
        ("in_flight", BULKHEAD_IN_FLIGHT.name()),
        ("limit", BULKHEAD_LIMIT.name()),
        ("queued", BULKHEAD_QUEUED.name()),
    ];
    const BUDGET: &[Gauge] = &[("tokens", BUDGET_TOKENS.name())];
    const HTTP: &[Gauge] = &[("in_flight", "resilience.http_client.in_flight")];
    const AMQP: &[Gauge] = &[
        ("unconfirmed", "amqp_resilient.publish.in_flight"),
        ("buffered", "amqp_resilient.publish.buffered"),
    ];
    match kind {
        kinds::BREAKER => BREAKER,
        kinds::BULKHEAD => BULKHEAD,
        kinds::BUDGET => BUDGET,
        kinds::HTTP => HTTP,
        kinds::AMQP => AMQP,
        _ => &[],
    }
}

impl Lines {
    /// Everything that is known of one component: calls and what of them was bad, per second, and its gauges. Each value
    /// stands for so many seconds.
    pub(crate) fn all(history: &ComponentHistory, choose: Choose, seconds: f32) -> Self {
        let mut lines = Self::of(history, choose, seconds, 1);
        for (name, metric) in gauges(&history.id.kind) {
            let only = history.series.iter().filter(|one| one.metric == *metric);
            let line = sum(only.map(choose));
            if !line.is_empty() {
                lines.0.insert(name, line);
            }
        }
        lines
    }

    /// The last five minutes by so many points, each of which stands for so many seconds.
    pub(crate) fn sparkline(history: &ComponentHistory, points: usize, seconds: usize) -> Self {
        let mut lines = Self::of(history, BY_SECOND, 1.0, seconds);
        for line in lines.0.values_mut() {
            *line = padded(std::mem::take(line), points);
        }
        lines
    }

    /// `calls`, `bad` and `use`, so many values taken together.
    fn of(history: &ComponentHistory, choose: Choose, seconds: f32, together: usize) -> Self {
        let tallies = tally::of_kind(&history.id.kind);
        let mut lines = BTreeMap::new();
        let per_second = |line: Line| {
            let line = taken_together(&line, together, |values| {
                values.iter().sum::<f32>() / (values.len() as f32 * seconds)
            });
            line.into_iter()
                .map(|value| value.map(|value| (value * 10.0).round() / 10.0))
                .collect::<Line>()
        };
        if let Some(calls) = tallies.first() {
            lines.insert("calls", per_second(growth(history, choose, calls)));
        }
        let bad = tallies.iter().filter(|tally| tally.bad);
        let bad: Vec<_> = bad.map(|tally| growth(history, choose, tally)).collect();
        lines.insert("bad", per_second(sum(bad.iter())));
        lines.insert(
            "use",
            taken_together(&use_share(history, choose), together, highest),
        );
        lines.retain(|_, line| !line.is_empty());
        Self(lines)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How much each counter of a component grew in each second, the latest at the end.
pub(crate) fn growths(history: &ComponentHistory) -> Vec<[f64; MOST]> {
    let mut grew = Vec::new();
    for (place, tally) in tally::of_kind(&history.id.kind).iter().enumerate() {
        let line = growth(history, BY_SECOND, tally);
        if grew.len() < line.len() {
            // Lines end at the same time.
            let missing = line.len() - grew.len();
            grew.splice(0..0, std::iter::repeat_n([0.0; MOST], missing));
        }
        let offset = grew.len() - line.len();
        for (at, value) in line.into_iter().enumerate() {
            grew[offset + at][place] = f64::from(value.unwrap_or(0.0));
        }
    }
    grew
}

fn growth(history: &ComponentHistory, choose: Choose, tally: &Tally) -> Line {
    let counted = history
        .series
        .iter()
        .filter(|series| series.metric == tally.metric && tally.counts(&series.attributes));
    sum(counted.map(choose))
}

/// The sum of lines that end at the same time.
fn sum<'a>(lines: impl Iterator<Item = &'a Line>) -> Line {
    let mut total = Line::new();
    for line in lines {
        if total.len() < line.len() {
            let missing = line.len() - total.len();
            total.splice(0..0, std::iter::repeat_n(None, missing));
        }
        let offset = total.len() - line.len();
        for (sum, value) in total[offset..].iter_mut().zip(line) {
            if let Some(value) = value {
                *sum = Some(sum.unwrap_or(0.0) + value);
            }
        }
    }
    total
}

/// The share of a bulkhead's places that were taken.
fn use_share(history: &ComponentHistory, choose: Choose) -> Line {
    let line = |metric: &str| {
        let name = Cow::Borrowed(metric);
        sum(history
            .series
            .iter()
            .filter(|one| one.metric == name)
            .map(choose))
    };
    let (busy, limit) = (line(BULKHEAD_IN_FLIGHT.name()), line(BULKHEAD_LIMIT.name()));
    busy.iter()
        .zip(&limit)
        .map(|(busy, limit)| match (busy, limit) {
            (Some(busy), Some(limit)) if *limit > 0.0 => {
                Some((busy / limit * 1000.0).round() / 1000.0)
            }
            _ => None,
        })
        .collect()
}

/// The line with nothing known before it, so that it has so many points.
fn padded(mut line: Line, points: usize) -> Line {
    let missing = points.saturating_sub(line.len());
    line.splice(0..0, std::iter::repeat_n(None, missing));
    line
}

/// So many values become one; those that are over at the beginning are left out. One of which nothing is known stays so.
fn taken_together(line: &Line, together: usize, make: impl Fn(&[f32]) -> f32) -> Line {
    let over = line.len() % together;
    line[over..]
        .chunks(together)
        .map(|values| {
            let known: Vec<_> = values.iter().copied().flatten().collect();
            (!known.is_empty()).then(|| make(&known))
        })
        .collect()
}

fn highest(values: &[f32]) -> f32 {
    values.iter().copied().fold(0.0, f32::max)
}
