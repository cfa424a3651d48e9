//! Instructions an operation takes, as callgrind counts them, and the ceilings they are held to.
//!
//! Times are noisy; these counts are the same on a loaded machine, so they can be a gate.

use std::fmt;

/// How many instructions one operation of a case takes, and how many it may.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Instructions<'c> {
    /// The case.
    pub case: &'c str,
    /// Instructions for one operation.
    pub count: f64,
    /// The most that is allowed.
    pub ceiling: f64,
}

impl<'c> Instructions<'c> {
    /// What was counted beside what is allowed.
    #[must_use]
    pub fn new(case: &'c str, count: f64, ceiling: f64) -> Self {
        Self {
            case,
            count,
            ceiling,
        }
    }

    /// Whether the ceiling is passed.
    #[must_use]
    pub fn is_too_many(&self) -> bool {
        self.count > self.ceiling
    }
}

/// The line that tools read.
impl fmt::Display for Instructions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            case,
            count,
            ceiling,
        } = self;
        write!(f, "INSTR case={case} count={count:.1} ceiling={ceiling}")
    }
}

/// The committed ceilings.
#[derive(Debug, Clone, PartialEq)]
pub struct Ceilings<'t> {
    lines: Vec<(&'t str, f64)>,
}

impl<'t> Ceilings<'t> {
    /// Reads a table of lines `case ceiling`; empty lines and what follows a `#` say nothing.
    ///
    /// # Errors
    /// Names the line that is not of that form, or whose case had one before.
    pub fn parse(table: &'t str) -> Result<Self, String> {
        let mut lines: Vec<(&str, f64)> = Vec::new();
        for (number, line) in (1..).zip(table.lines()) {
            let said = line.split('#').next().unwrap_or_default();
            let words: Vec<_> = said.split_whitespace().collect();
            match words[..] {
                [] => {}
                [case, ceiling] => {
                    let ceiling = ceiling
                        .parse()
                        .map_err(|error| format!("line {number}: {ceiling:?}: {error}"))?;
                    if lines.iter().any(|(other, _)| *other == case) {
                        return Err(format!("line {number}: {case} has a ceiling already"));
                    }
                    lines.push((case, ceiling));
                }
                _ => return Err(format!("line {number}: not `case ceiling`: {line:?}")),
            }
        }
        Ok(Self { lines })
    }

    /// The ceiling of a case.
    #[must_use]
    pub fn of(&self, case: &str) -> Option<f64> {
        let line = self.lines.iter().find(|(name, _)| *name == case);
        line.map(|(_, ceiling)| *ceiling)
    }

    /// The cases, in the table's order.
    pub fn cases(&self) -> impl Iterator<Item = &'t str> {
        self.lines.iter().map(|(case, _)| *case)
    }
}

/// The total that callgrind reports at its end, on standard error: `==7== Collected : 1234`.
#[must_use]
pub fn collected(callgrind: &str) -> Option<u64> {
    let line = callgrind
        .lines()
        .find_map(|line| line.split_once("Collected :"))?;
    line.1.split_whitespace().next()?.parse().ok()
}

/// Instructions for one operation, from runs of few and of many: what both do besides cancels out.
/// Each run is its operations and its instructions.
#[must_use]
pub fn per_operation(few: (u64, u64), many: (u64, u64)) -> f64 {
    (many.1 as f64 - few.1 as f64) / (many.0 as f64 - few.0 as f64)
}

/// Whether a count is the same as another, but for 3 %: as close as counts are from run to run.
#[must_use]
pub fn is_same(count: f64, other: f64) -> bool {
    (count - other).abs() <= other * 0.03
}
