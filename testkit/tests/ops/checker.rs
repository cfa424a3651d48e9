//! Whether a query asks for what there is: names of series, of labels, and the values it compares them with.
//!
//! A misspelt name is no error to Prometheus: the query has no result, and the alert never fires.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::token::T_EQL_REGEX;
use promql_parser::parser::{self, Expr, LabelModifier, VectorMatchCardinality, VectorSelector};

use crate::exposition::{Exposition, Labels};

/// Labels that a query's result may have, each with the values that were seen.
pub(crate) type Values = BTreeMap<String, BTreeSet<String>>;

/// Everything that may be asked for.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// By the name of the series.
    series: BTreeMap<String, Vec<Labels>>,
    /// Recorded series, of which it is known which labels they have, and not in which combinations.
    recorded: BTreeMap<String, Values>,
    /// The recorded ones that come from the queries checked so far.
    asked_for: BTreeSet<String>,
}

impl Known {
    /// What was exposed, as Prometheus stores it, and the series that it makes of its own.
    pub(crate) fn new(exposition: &Exposition) -> Self {
        let mut series = exposition.series.clone();
        for its_own in ["up", "scrape_duration_seconds", "scrape_samples_scraped"] {
            series.insert(its_own.to_owned(), vec![Labels::new()]);
        }
        let alert = [
            ("alertname", ""),
            ("alertstate", "firing"),
            ("resilience_name", ""),
        ];
        let alert = alert.map(|(label, value)| (label.to_owned(), value.to_owned()));
        series.insert("ALERTS".to_owned(), vec![Labels::from(alert)]);
        for of_target in series.values_mut().flatten() {
            for label in ON_EVERY_TARGET {
                of_target.insert(label.to_owned(), String::new());
            }
            // Any component can have a namesake.
            if of_target.contains_key("resilience_name") {
                let instance = of_target.entry("resilience_instance".to_owned());
                instance.or_default();
            }
        }
        Self {
            series,
            ..Self::default()
        }
    }

    /// Adds a recorded series.
    pub(crate) fn record(&mut self, name: &str, values: Values) {
        self.recorded.insert(name.to_owned(), values);
    }

    /// The series that have been asked for.
    pub(crate) const fn asked_for(&self) -> &BTreeSet<String> {
        &self.asked_for
    }

    /// Whether something exported begins with the same two words, such as `resilience_retry`.
    pub(crate) fn exports_something_like(&self, name: &str) -> bool {
        let words = name.match_indices('_').nth(1);
        let words = words.map_or(name, |(end, _)| &name[..end]);
        self.series.keys().any(|series| series.starts_with(words))
    }

    /// Whether some series of that name is without the label.
    pub(crate) fn is_sometimes_absent(&self, series: &str, label: &str) -> bool {
        let name = series.split('{').next().unwrap_or(series);
        let given = self.series.get(name).into_iter().flatten();
        let mut given = given.map(|labels| labels.get(label));
        given.any(|value| value.is_none_or(String::is_empty))
    }

    /// The labels of the query's result.
    ///
    /// # Errors
    /// What it asks for and nobody exports.
    pub(crate) fn check(&mut self, query: &str) -> Result<Values, String> {
        let expr = parser::parse(&without_variables(query))?;
        self.labels(&expr)
    }

    fn labels(&mut self, expr: &Expr) -> Result<Values, String> {
        match expr {
            Expr::VectorSelector(selector) => self.select(selector),
            Expr::MatrixSelector(range) => self.select(&range.vs),
            Expr::Paren(inner) => self.labels(&inner.expr),
            Expr::Unary(inner) => self.labels(&inner.expr),
            Expr::Subquery(inner) => self.labels(&inner.expr),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Values::new()),
            Expr::Call(call) => {
                let mut values = Values::new();
                for argument in &call.args.args {
                    values = union(values, self.labels(argument)?);
                }
                if call.func.name.starts_with("label_") {
                    return Err("labels that are made up cannot be followed".to_owned());
                }
                if call.func.name == "histogram_quantile" && values.remove("le").is_none() {
                    return Err("histogram_quantile of something without le".to_owned());
                }
                Ok(values)
            }
            Expr::Aggregate(aggregate) => {
                if let Some(parameter) = &aggregate.param {
                    self.labels(parameter)?;
                }
                let values = self.labels(&aggregate.expr)?;
                let is_selection = ["topk", "bottomk"].contains(&aggregate.op.to_string().as_str());
                match &aggregate.modifier {
                    None if is_selection => Ok(values),
                    None => Ok(Values::new()),
                    Some(modifier) => {
                        has(&values, modifier)?;
                        Ok(if is_selection {
                            values
                        } else {
                            kept(values, modifier)
                        })
                    }
                }
            }
            Expr::Binary(binary) => {
                let left = self.labels(&binary.lhs)?;
                let right = self.labels(&binary.rhs)?;
                let modifier = binary.modifier.as_ref();
                let matching = modifier.and_then(|modifier| modifier.matching.as_ref());
                if let Some(matching) = matching {
                    has(&union(left.clone(), right.clone()), matching)?;
                }
                if let Some(brought) = modifier.and_then(|it| it.card.labels()) {
                    has_all(&union(left.clone(), right.clone()), &brought.labels)?;
                }
                let op = binary.op.to_string();
                let is_one_to_one =
                    modifier.is_none_or(|it| it.card == VectorMatchCardinality::OneToOne);
                Ok(match (op.as_str(), matching) {
                    ("and" | "unless", _) => left,
                    (_, Some(matching)) if is_one_to_one => kept(union(left, right), matching),
                    _ => union(left, right),
                })
            }
            Expr::Extension(_) => Err("an extension of PromQL".to_owned()),
        }
    }

    /// Of every series whose name matches.
    fn select_many(&self, matchers: &[Matcher]) -> Result<Values, String> {
        let of_name = |matcher: &&Matcher| matcher.name == "__name__";
        let name = matchers
            .iter()
            .find(of_name)
            .ok_or("a selector without a name")?;
        for one in name.value.split('|') {
            let one = Matcher::new_matcher(T_EQL_REGEX, name.name.clone(), one.to_owned())?;
            if !self.series.keys().any(|series| one.is_match(series)) {
                return Err(format!("nobody exports {}", one.value));
            }
        }
        let series = self
            .series
            .iter()
            .filter(|(series, _)| name.is_match(series));
        let values = series
            .flat_map(|(_, labels)| labels)
            .fold(Values::new(), add);
        for matcher in matchers.iter().filter(|matcher| !of_name(matcher)) {
            is_of(matcher, &name.value, &values)?;
        }
        Ok(values)
    }

    fn select(&mut self, selector: &VectorSelector) -> Result<Values, String> {
        let matchers = &selector.matchers.matchers;
        let Some(name) = selector.name.clone() else {
            return self.select_many(matchers);
        };
        self.asked_for.insert(name.clone());
        if let Some(values) = self.recorded.get(&name) {
            for matcher in matchers {
                is_of(matcher, &name, values)?;
            }
            return Ok(values.clone());
        }
        let series = self.series.get(&name);
        let series = series.ok_or_else(|| format!("nobody exports {name}"))?;
        let values = series.iter().fold(Values::new(), add);
        for matcher in matchers {
            is_of(matcher, &name, &values)?;
        }
        let nothing = String::new();
        let is_chosen = |labels: &&Labels| {
            let mut matchers = matchers.iter().filter(|matcher| !is_open(matcher));
            matchers.all(|matcher| matcher.is_match(labels.get(&matcher.name).unwrap_or(&nothing)))
        };
        if series.iter().any(|labels| is_chosen(&labels)) {
            Ok(values)
        } else {
            Err(format!("no series of {name} has {matchers:?} together"))
        }
    }
}

/// Whether the series have the label that is compared, and the values that it is compared with. A value that
/// nothing has is a mistake in an exclusion, too.
fn is_of(matcher: &Matcher, name: &str, values: &Values) -> Result<(), String> {
    let label = &matcher.name;
    let seen = values
        .get(label)
        .ok_or_else(|| format!("{name} has no label {label}"))?;
    if is_open(matcher) {
        return Ok(());
    }
    let alternatives: Vec<&str> = match matcher.op {
        MatchOp::Equal | MatchOp::NotEqual => vec![&matcher.value],
        MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').collect(),
    };
    let missing = alternatives
        .into_iter()
        .find(|one| !one.is_empty() && !seen.contains(*one));
    missing.map_or(Ok(()), |one| {
        Err(format!("{label} of {name} is never {one}, but {seen:?}"))
    })
}

/// Whether the matcher's value is the user's: a variable, or a name that a program gives.
fn is_open(matcher: &Matcher) -> bool {
    is_variable(&matcher.value)
        || ON_EVERY_TARGET.contains(&matcher.name.as_str())
        || OF_THE_USER.contains(&matcher.name.as_str())
}

/// Grafana's `$name` or `${name}`, and not the end of a regular expression.
fn is_variable(value: &str) -> bool {
    let mut after = value.split('$').skip(1);
    after.any(|rest| rest.starts_with(|first: char| first == '{' || first.is_ascii_lowercase()))
}

fn has(values: &Values, modifier: &LabelModifier) -> Result<(), String> {
    has_all(values, &modifier.labels().labels)
}

fn has_all(values: &Values, labels: &[String]) -> Result<(), String> {
    let missing = labels.iter().find(|label| !values.contains_key(*label));
    missing.map_or(Ok(()), |label| {
        Err(format!("nothing there has a label {label}"))
    })
}

fn kept(mut values: Values, modifier: &LabelModifier) -> Values {
    let named = &modifier.labels().labels;
    values.retain(|label, _| named.contains(label) == modifier.is_include());
    values
}

fn union(mut one: Values, other: Values) -> Values {
    for (label, values) in other {
        one.entry(label).or_default().extend(values);
    }
    one
}

fn add(mut values: Values, labels: &Labels) -> Values {
    for (label, value) in labels {
        values
            .entry(label.clone())
            .or_default()
            .insert(value.clone());
    }
    values
}

/// Grafana's intervals, as durations that PromQL knows. Variables in quotes can stay.
fn without_variables(query: &str) -> String {
    query
        .replace("$__rate_interval", "5m")
        .replace("$__range", "1h")
}

/// Names that programs give, and the numbers of their namesakes.
const OF_THE_USER: [&str; 7] = [
    "alertname",
    "resilience_component",
    "resilience_handler",
    "resilience_instance",
    "resilience_name",
    "server_address",
    "server_port",
];

/// What Prometheus adds to everything that it scrapes.
const ON_EVERY_TARGET: [&str; 2] = ["job", "instance"];

mod tests;
