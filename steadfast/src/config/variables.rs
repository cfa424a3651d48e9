//! Environment variables: `STEADFAST_RETRY__MAX_ATTEMPTS=3`.

use std::ffi::OsString;
use std::sync::Arc;

use layering::{Map, Value, ValueKind};
use toml::de::DeValue;

use super::error::Problem;
use super::file::plain;
use super::keys::{Key, Kind, Shape, TOP, nearest};
use super::origin::Origin;
use super::sources::{Sources, join, needs};

/// What the names of our variables begin with.
const PREFIX: &str = "STEADFAST_";
/// What names the file, and is no setting.
pub(super) const FILE: &str = "STEADFAST_CONFIG";
/// What stands between two levels.
const LEVEL: &str = "__";

/// Adds what the variables say.
pub(super) fn add(sources: &mut Sources, variables: &[(OsString, OsString)]) {
    let mut ours: Vec<(String, &OsString)> = variables
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value)))
        .filter(|(name, _)| rest(name).is_some() && !name.eq_ignore_ascii_case(FILE))
        .collect();
    ours.sort();
    let mut layer = Map::new();
    for (name, value) in ours {
        add_one(sources, &mut layer, &name, value.to_str());
    }
    sources.layers.push(layer);
}

/// The name without the prefix, in lower case.
fn rest(name: &str) -> Option<String> {
    let (prefix, rest) = name.split_at_checked(PREFIX.len())?;
    prefix
        .eq_ignore_ascii_case(PREFIX)
        .then(|| rest.to_lowercase())
}

fn add_one(sources: &mut Sources, layer: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    let origin = Origin::Variable {
        name: Arc::from(name),
    };
    let Some((keys, place)) = find(sources, name, &origin) else {
        return;
    };
    let path = keys
        .iter()
        .fold(String::new(), |path, key| join(&path, key));
    let Some(value) = leaf(sources, &place, &path, value, &origin) else {
        return;
    };
    if let Err(rule) = insert(sources, layer, &keys, value, &origin) {
        sources
            .problems
            .push(Problem::new(origin, path, "..", rule));
    }
}

/// The keys that a name stands for, or nothing if it is a problem or none of ours.
fn find(sources: &mut Sources, name: &str, origin: &Origin) -> Option<(Vec<String>, Place)> {
    let rest = rest(name)?;
    let mut keys = Vec::new();
    let mut path = String::new();
    let mut place = Place::In(TOP);
    for level in rest.split(LEVEL) {
        let (key, below) = match place.step(sources, &path, level, origin) {
            Step::To(key, below) => (key, below),
            Step::Refused => return None,
            Step::Nowhere(_) if level == rest && !is_near(&rest) => {
                sources.ignored.push(name.to_owned());
                return None;
            }
            Step::Nowhere(rule) => {
                let rule = meant(&rest).unwrap_or(rule);
                let path = join(&path, level);
                let problem = Problem::new(origin.clone(), path, "..", rule);
                sources.problems.push(problem);
                return None;
            }
        };
        path = join(&path, &key);
        let missing = match below {
            Place::At(known) => known.missing(),
            _ => None,
        };
        if let Some(feature) = missing {
            let rule = needs(feature);
            let problem = Problem::new(origin.clone(), path, "..", rule);
            sources.problems.push(problem);
            return None;
        }
        keys.push(key);
        place = below;
    }
    Some((keys, place))
}

/// Or the rule that is broken by another variable beside it.
fn insert(
    sources: &mut Sources,
    layer: &mut Map<String, Value>,
    keys: &[String],
    value: Value,
    origin: &Origin,
) -> Result<(), &'static str> {
    let Some((last, tables)) = keys.split_last() else {
        return Ok(());
    };
    let mut path = String::new();
    let mut at = layer;
    for key in tables {
        path = join(&path, key);
        sources.places.table(&path, origin);
        let table = at.entry(key.clone());
        let table = table.or_insert_with(|| Map::<String, Value>::new().into());
        let ValueKind::Table(inner) = &mut table.kind else {
            return Err("must not come with a variable for all of the table");
        };
        at = inner;
    }
    if at.contains_key(last) {
        return Err("is given already, by another variable");
    }
    at.insert(last.clone(), value);
    Ok(())
}

/// Where a path has got to.
enum Place {
    /// A table of known keys.
    In(&'static Shape),
    /// One known key.
    At(&'static Key),
    /// A header.
    Header,
}

enum Step {
    /// By this key to this place.
    To(String, Place),
    Nowhere(String),
    /// The problem is told already.
    Refused,
}

impl Place {
    fn step(&self, sources: &mut Sources, path: &str, level: &str, origin: &Origin) -> Step {
        let shape = match self {
            Self::In(shape) => shape,
            Self::At(Key {
                kind: Kind::Named(shape),
                ..
            }) => {
                return match sources.name(path, level, origin) {
                    Some(name) => Step::To(name, Self::In(shape)),
                    None => Step::Refused,
                };
            }
            Self::At(Key {
                kind: Kind::Headers,
                ..
            }) => return Step::To(level.to_owned(), Self::Header),
            Self::At(key) => match key.kind.shape() {
                Some(shape) => shape,
                None => return Step::Nowhere("unknown key".to_owned()),
            },
            Self::Header => return Step::Nowhere("unknown key".to_owned()),
        };
        match shape.find(level) {
            Some(key) => Step::To(key.name.to_owned(), Self::At(key)),
            None => Step::Nowhere(shape.unknown(level)),
        }
    }
}

/// The value at the end of a path.
fn leaf(
    sources: &mut Sources,
    place: &Place,
    path: &str,
    value: Option<&str>,
    origin: &Origin,
) -> Option<Value> {
    let kind = match place {
        Place::At(key) if !matches!(key.kind, Kind::Table(_) | Kind::Named(_) | Kind::Headers) => {
            Some(key.kind)
        }
        Place::Header => Some(Kind::Text),
        Place::At(_) | Place::In(_) => None,
    };
    let value = match (kind, value) {
        (Some(kind), Some(value)) => Ok(understood(kind, value)),
        (Some(_), None) => Err("must be UTF-8"),
        (None, _) => Err("is a table: a variable gives one key of it, which follows after __"),
    };
    match value {
        Ok(value) => Some(sources.places.value(origin.clone(), value)),
        Err(rule) => {
            let problem = Problem::new(origin.clone(), path, "..", rule);
            sources.problems.push(problem);
            None
        }
    }
}

/// What a text is, where something else than a text is wanted.
fn understood(kind: Kind, text: &str) -> ValueKind {
    let as_text = || ValueKind::String(text.to_owned());
    match kind {
        Kind::Text | Kind::Path | Kind::Address | Kind::Secret | Kind::Url | Kind::Word(_) => {
            as_text()
        }
        Kind::Texts | Kind::Urls => {
            if text.trim_start().starts_with('[') {
                if let Ok(list) = DeValue::parse(text.trim()) {
                    return plain(list.get_ref());
                }
            }
            let texts = text
                .split(',')
                .map(str::trim)
                .filter(|text| !text.is_empty());
            ValueKind::Array(texts.map(Value::from).collect())
        }
        _ if text.eq_ignore_ascii_case("true") => ValueKind::Boolean(true),
        _ if text.eq_ignore_ascii_case("false") => ValueKind::Boolean(false),
        _ => {
            let number = text.parse().map(ValueKind::I64).ok();
            let fraction = || text.parse().map(ValueKind::Float).ok();
            // "inf" and "nan" are no numbers that anybody means.
            let numeric = text.bytes().any(|byte| byte.is_ascii_digit());
            let number = number.or_else(fraction).filter(|_| numeric);
            number.unwrap_or_else(as_text)
        }
    }
}

/// Whether a variable without levels was meant for us: services of the name `steadfast` bring variables
/// that were not (`STEADFAST_SERVICE_HOST`).
fn is_near(rest: &str) -> bool {
    let flags = TOP.keys.iter().filter(|key| matches!(key.kind, Kind::Flag));
    nearest(rest, flags.map(|key| key.name)).is_some() || meant(rest).is_some()
}

/// The rule that is broken by a single `_` where two should be.
fn meant(rest: &str) -> Option<String> {
    let variable = |levels: &[&str]| {
        let name = format!("{PREFIX}{}", levels.join(LEVEL).to_uppercase());
        format!("unknown key, did you mean {name}?")
    };
    TOP.keys.iter().find_map(|key| {
        let below = rest
            .strip_prefix(key.name)?
            .strip_prefix('_')?
            .trim_start_matches('_');
        match key.kind {
            Kind::Table(shape) => {
                let known = shape.keys.iter().find(|known| known.name == below)?;
                Some(variable(&[key.name, known.name]))
            }
            Kind::Named(shape) => shape.keys.iter().find_map(|known| {
                let name = below.strip_suffix(known.name)?.trim_end_matches('_');
                (!name.is_empty()).then(|| variable(&[key.name, name, known.name]))
            }),
            _ => None,
        }
    })
}
