//! Environment variables: `STEADFAST_RETRY__MAX_ATTEMPTS=3`.

use std::ffi::OsString;
use std::sync::Arc;

use layering::{Map, Value, ValueKind};
use toml::de::DeValue;

use super::error::Problem;
use super::file::{HEADER, is_header, plain};
use super::keys::{Key, Kind, Shape, TOP};
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
    let mut ours: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.to_string_lossy(), name, value))
        .filter(|(name, ..)| rest(name).is_some() && !is_file(name))
        .collect();
    ours.sort();
    let mut layer = Map::new();
    for (name, whole, value) in ours {
        if whole.to_str().is_some() {
            add_one(sources, &mut layer, &name, value.to_str());
        } else {
            sources.ignored.push(name.into_owned());
        }
    }
    sources.layers.push(layer);
}

/// Whether a variable of this name names the file.
pub(super) fn is_file(name: &str) -> bool {
    name.eq_ignore_ascii_case(FILE)
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
            }) => {
                // The name of a variable has no `-`, and that of a header seldom `_`.
                let name = level.replace('_', "-");
                return if is_header(&name) {
                    Step::To(name, Self::Header)
                } else {
                    Step::Nowhere(HEADER.to_owned())
                };
            }
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
                // What is no list is for whoever reads it to complain of.
                let list = DeValue::parse(text.trim());
                return list.map_or_else(|_| as_text(), |list| plain(list.get_ref()));
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
    let mut flags = TOP.keys.iter().filter(|key| matches!(key.kind, Kind::Flag));
    let is_close = |flag: &Key| {
        rest.len() <= 2 * flag.name.len() && strsim::damerau_levenshtein(rest, flag.name) <= 3
    };
    rest.ends_with("enabled") || flags.any(is_close) || meant(rest).is_some()
}

/// The rule that is broken by a single `_` where two should be.
fn meant(rest: &str) -> Option<String> {
    let name = levels_in(TOP, rest)?.join(LEVEL);
    if name == rest {
        return None;
    }
    let name = name.to_uppercase();
    Some(format!("unknown key, did you mean {PREFIX}{name}?"))
}

/// The levels of a key whose name this is when there is but one `_` between them.
fn levels_in<'r>(shape: &Shape, rest: &'r str) -> Option<Vec<&'r str>> {
    let of = |key: &Key, name: &str| {
        let below = rest.strip_prefix(name)?;
        let mut levels = vec![&rest[..name.len()]];
        if !below.is_empty() {
            let below = below.strip_prefix('_')?.trim_start_matches('_');
            levels.extend(levels_below(key.kind, below)?);
        } else if matches!(key.kind, Kind::Table(_) | Kind::Named(_) | Kind::Headers) {
            return None;
        }
        Some(levels)
    };
    let mut keys = shape.keys.iter();
    keys.find_map(|key| of(key, key.name).or_else(|| of(key, key.alias?)))
}

fn levels_below(kind: Kind, rest: &str) -> Option<Vec<&str>> {
    match kind {
        Kind::Table(shape) | Kind::Switch(shape) => levels_in(shape, rest),
        Kind::Named(shape) => rest.match_indices('_').find_map(|(end, _)| {
            let (name, below) = rest.split_at(end);
            let below = levels_in(shape, below.trim_start_matches('_'))?;
            (!name.is_empty()).then(|| [vec![name], below].concat())
        }),
        Kind::Headers if !rest.is_empty() => Some(vec![rest]),
        _ => None,
    }
}
