//! Random histories: a configuration and what is done to a breaker, in small numbers so that edges are hit.

use std::fmt;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use steadfast_breaker::{AbandonedAs, Config, Mode, Outcome, Window};

use crate::model::Ending;

#[derive(Debug, Clone)]
pub(crate) enum Op {
    Call,
    /// Settle one of the calls still out, of whatever generation.
    End(usize, Ending),
    Observe(Outcome, Duration),
    Wait(Duration),
    /// Wait until something happens by itself, or until just before that.
    WaitForEdge {
        nth: usize,
        stop_short: bool,
    },
    SetMode(Mode, Option<Duration>),
    Reset,
    Reconfigure(Box<Config>),
    /// A configuration that must be refused as a whole.
    Misconfigure,
}

/// What is done, and whether the breaker is left unseen afterwards: a snapshot can bring about a
/// transition, so histories without one in between must occur too.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) config: Config,
    /// Whether there is an observer, and whether it wants to hear of rejections: a breaker goes
    /// shorter ways if not.
    pub(crate) hears: Option<bool>,
    pub(crate) ops: Vec<(Op, bool)>,
}

/// One line per thing done, and only what differs from the default configuration.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let observer = match self.hears {
            None => "no observer",
            Some(false) => "an observer deaf to rejections",
            Some(true) => "an observer",
        };
        writeln!(
            f,
            "\n  a breaker with {observer}, {}",
            Differs(&self.config)
        )?;
        for (nth, (op, unseen)) in self.ops.iter().enumerate() {
            match op {
                Op::Reconfigure(config) => write!(f, "  {nth}: Reconfigure {}", Differs(config))?,
                op => write!(f, "  {nth}: {op:?}")?,
            }
            writeln!(f, "{}", if *unseen { " (not looked at)" } else { "" })?;
        }
        Ok(())
    }
}

struct Differs<'a>(&'a Config);

impl fmt::Display for Differs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ours, default) = (
            format!("{:#?}", self.0),
            format!("{:#?}", Config::default()),
        );
        let (ours, default) = (fields(&ours), fields(&default));
        let differs = ours.iter().filter(|field| !default.contains(*field));
        let differs: Vec<_> = differs.map(String::as_str).collect();
        write!(f, "{}", differs.join(", "))
    }
}

/// The fields of a pretty-printed struct, one string each.
fn fields(printed: &str) -> Vec<String> {
    let mut fields: Vec<String> = Vec::new();
    for line in printed.lines().skip(1) {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        match fields.last_mut() {
            Some(field) if line.starts_with([' ', ')', '}']) => field.push_str(line.trim()),
            _ => fields.push(line.to_owned()),
        }
    }
    for field in &mut fields {
        field.truncate(field.trim_end_matches(',').len());
        *field = field.replace(",)", ")");
    }
    fields
}

pub(crate) fn history(longest: usize) -> impl Strategy<Value = History> {
    let unseen = prop::bool::weighted(0.2);
    let ops = prop::collection::vec((op(), unseen), 1..longest);
    (config(), any::<Option<bool>>(), ops).prop_map(|(config, hears, ops)| History {
        config,
        hears,
        ops,
    })
}

fn op() -> impl Strategy<Value = Op> {
    let outcome = || select(vec![Outcome::Failure, Outcome::Success, Outcome::Ignored]);
    let ending = prop_oneof![
        8 => Just(Ending::Told(Outcome::Failure)),
        8 => Just(Ending::Told(Outcome::Success)),
        2 => Just(Ending::Told(Outcome::Ignored)),
        2 => Just(Ending::Dropped),
        1 => Just(Ending::Panicked),
    ];
    let mode = select(vec![
        Mode::Automatic,
        Mode::ForcedOpen,
        Mode::ForcedClosed,
        Mode::Disabled,
        Mode::Shadow,
    ]);
    prop_oneof![
        30 => Just(Op::Call),
        30 => (any::<usize>(), ending).prop_map(|(nth, ending)| Op::End(nth, ending)),
        6 => (outcome(), millis(&[0, 4, 5, 10, 20])).prop_map(|(o, took)| Op::Observe(o, took)),
        8 => millis(&[1, 2, 5, 10, 20, 50, 200]).prop_map(Op::Wait),
        12 => (0..12_usize, any::<bool>())
            .prop_map(|(nth, stop_short)| Op::WaitForEdge { nth, stop_short }),
        5 => (mode, prop::option::of(millis(&[0, 1, 5, 10, 50, 200])))
            .prop_map(|(mode, lasts)| Op::SetMode(mode, lasts)),
        2 => Just(Op::Reset),
        3 => config().prop_map(|config| Op::Reconfigure(Box::new(config))),
        1 => Just(Op::Misconfigure),
    ]
}

pub(crate) fn config() -> impl Strategy<Value = Config> {
    let rate = || select(vec![0.01, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.75, 1.0]);
    let maybe = |share| prop::bool::weighted(share);
    let window = prop_oneof![
        (1..=8_u32).prop_map(Window::Calls),
        millis(&[10, 20, 50, 100, 200]).prop_map(Window::Time),
    ];
    let rules = (
        prop::option::of(1..=4_u32),
        window,
        prop::option::of(1..=8_u32),
        prop::option::of(rate()),
        prop::option::of(millis(&[5, 10, 20])),
        prop::option::of(rate()),
        millis(&[10, 50, 1_000]),
    );
    let open = (
        millis(&[10, 20, 50]),
        select(vec![1.0, 1.5, 2.0]),
        millis(&[50, 100, 1_000]),
        millis(&[0, 20, 100, 1_000]),
    );
    let half_open = (
        1..=3_u32,
        1..=3_u32,
        (maybe(0.3), rate()),
        1..=4_u32,
        millis(&[10, 30, 100]),
        (maybe(0.3), millis(&[20, 100])),
        any::<bool>(),
    );
    (rules, open, half_open).prop_map(|(rules, open, half_open)| {
        let mut config = Config::default();
        let calls = match rules.1 {
            Window::Calls(size) => size,
            Window::Time(_) => u32::MAX,
        };
        config.failure_threshold = rules.0;
        config.window = rules.1;
        config.min_calls = rules.2.map(|least| least.min(calls));
        config.failure_rate = rules.3;
        config.slow_call_duration = rules.4;
        config.slow_call_rate = rules.4.and(rules.5);
        config.reset_timeout = rules.6;
        config.open_for = open.0;
        config.open_for_multiplier = open.1;
        config.max_open_for = open.2;
        config.open_for_reset_after = open.3;
        config.max_probes = half_open.0;
        config.success_threshold = half_open.1;
        config.half_open_failure_rate = half_open.2.0.then_some(half_open.2.1);
        config.half_open_calls = half_open.3;
        config.half_open_max = half_open.4;
        if half_open.5.0 {
            config.ramp_up = half_open.5.1;
        }
        if half_open.6 {
            config.abandoned_as = AbandonedAs::Failure;
        }
        config
    })
}

fn millis(of: &'static [u64]) -> impl Strategy<Value = Duration> {
    select(of).prop_map(Duration::from_millis)
}
