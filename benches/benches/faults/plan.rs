//! What was asked for.

use std::time::Duration;

use crate::clients::Kind;

/// What a run of a scenario is given.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// A tenth of the messages, for whoever works on a scenario.
    pub(crate) quick: bool,
    /// How long the random faults of F20 go on.
    pub(crate) soak: Duration,
    /// What decides them.
    pub(crate) seed: u64,
}

impl Plan {
    /// So many messages, or fewer if it is to be quick.
    pub(crate) const fn messages(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }
}

#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) names: Vec<String>,
    pub(crate) bare: bool,
    check: bool,
    pub(crate) plan: Plan,
    /// One scenario with one client, in this process.
    pub(crate) alone: Option<(String, Kind)>,
}

impl Arguments {
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut parsed = Self {
            names: Vec::new(),
            bare: false,
            check: false,
            plan: Plan {
                quick: false,
                soak: Duration::ZERO,
                seed: rand::random(),
            },
            alone: None,
        };
        let mut minutes = None;
        let mut rest = arguments.iter();
        let number = |option: &str, value: Option<&String>| {
            let number = value.and_then(|value| value.parse::<u64>().ok());
            number.ok_or_else(|| format!("{option} needs a number"))
        };
        while let Some(argument) = rest.next() {
            match argument.as_str() {
                "--bench" => {}
                "--bare" => parsed.bare = true,
                "--check" => parsed.check = true,
                "--quick" => parsed.plan.quick = true,
                "--minutes" => minutes = Some(number("--minutes", rest.next())?),
                "--seed" => parsed.plan.seed = number("--seed", rest.next())?,
                "--alone" => {
                    let (name, kind) = (rest.next(), rest.next());
                    let kind = kind.and_then(|kind| Kind::of(kind));
                    let alone = name.cloned().zip(kind);
                    parsed.alone = Some(alone.ok_or("--alone needs a scenario and a client")?);
                }
                option if option.starts_with('-') => {
                    return Err(format!("no option {option}"));
                }
                name => parsed.names.push(name.to_owned()),
            }
        }
        let default = if parsed.is_short() { 2 } else { 10 };
        let minutes = minutes.unwrap_or(default).clamp(1, 24 * 60);
        parsed.plan.soak = Duration::from_secs(60 * minutes);
        Ok(parsed)
    }

    const fn is_short(&self) -> bool {
        self.check || self.plan.quick
    }

    /// Only a whole run, with both clients, leaves a file.
    pub(crate) fn writes(&self) -> bool {
        self.bare && self.names.is_empty() && !self.is_short()
    }

    /// The clients that run a scenario.
    pub(crate) fn kinds(&self, in_bare: bool) -> Vec<Kind> {
        let kinds = [Kind::Steadfast, Kind::Lapin];
        let count = if self.bare && in_bare { 2 } else { 1 };
        kinds[..count].to_vec()
    }
}
