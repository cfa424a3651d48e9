//! Files: read, and taken apart with the place of every key.

mod lines;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use layering::{Map, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use self::lines::Lines;
use super::error::Problem;
use super::keys::{Kind, Shape, TOP};
use super::origin::Origin;
use super::sources::{Sources, join, needs, told};

/// The text of a file, or why there is none.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let cannot = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "the file must be readable, and access to it is denied".to_owned()
        }
        _ => format!("the file cannot be read: {error}"),
    };
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    if metadata.is_dir() {
        return Err("must be a file, and is a directory".to_owned());
    }
    if !metadata.is_file() {
        return Err("must be a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    // One byte more than allowed, to see whether there is one.
    let mut file = File::open(path).map_err(cannot)?.take(LARGEST_FILE + 1);
    file.read_to_end(&mut bytes).map_err(cannot)?;
    text(bytes)
}

/// The bytes of a file as text, if they are that.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.len() as u64 > LARGEST_FILE {
        return Err("the file must not be larger than 1 MiB".to_owned());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..good]);
        let line = text.matches('\n').count() + 1;
        format!("the file must be UTF-8, and is not in line {line}")
    })
}

/// Adds what a file says.
pub(super) fn add(sources: &mut Sources, file: &Path, text: &str) {
    let file: Arc<Path> = file.into();
    sources.files.push(Arc::clone(&file));
    let mut walk = Walk {
        lines: Lines::new(text),
        file,
        sources,
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    walk.complain_of_form(&errors);
    // What follows a mistake in the form may not mean what it seems to.
    if errors.is_empty() {
        let layer = walk.table(table.get_ref(), TOP, "");
        walk.sources.layers.push(layer);
    }
}

struct Walk<'w> {
    sources: &'w mut Sources,
    file: Arc<Path>,
    lines: Lines<'w>,
}

impl Walk<'_> {
    fn origin(&self, offset: usize) -> Origin {
        let (line, column) = self.lines.of(offset);
        let file = Arc::clone(&self.file);
        Origin::File { file, line, column }
    }

    /// Of so many mistakes as anybody reads.
    fn complain_of_form(&mut self, errors: &[toml::de::Error]) {
        let text = self.lines.text;
        for error in errors.iter().take(MOST_MISTAKES) {
            let mut rule = error.message().replace('\n', "; ");
            let place = error.span().and_then(|span| text.get(span));
            if let Some(key) = place.filter(|_| rule == DUPLICATE) {
                rule = format!("{rule} {key}");
            }
            let at = error.span().map_or(text.len(), |span| span.start);
            let problem = Problem::of_source(self.origin(at), rule);
            if self.sources.problems.last() != Some(&problem) {
                self.sources.problems.push(problem);
            }
        }
        if errors.len() > MOST_MISTAKES {
            let more = errors.len() - MOST_MISTAKES;
            let rule = format!("and {more} more mistakes in the form of the file");
            let origin = self.origin(text.len());
            self.sources.problems.push(Problem::of_source(origin, rule));
        }
    }

    fn complain(&mut self, origin: Origin, path: &str, value: &str, rule: impl Into<String>) {
        let problem = Problem::new(origin, path, value, rule);
        self.sources.problems.push(problem);
    }

    fn table(
        &mut self,
        table: &DeTable<'_>,
        shape: &'static Shape,
        path: &str,
    ) -> Map<String, Value> {
        let mut layer = Map::new();
        let mut given: Vec<(&str, &str)> = Vec::new();
        for (name, value) in in_order(table) {
            let origin = self.origin(name.span().start);
            let name: &str = name.get_ref();
            let full = join(path, name);
            let Some(key) = shape.find(name) else {
                let shown = told(None, &plain(value.get_ref()));
                let rule = if self.sources.problems.len() < MOST_HINTS {
                    unknown(shape, path, name, value.get_ref())
                } else {
                    "unknown key".to_owned()
                };
                self.complain(origin, &full, &shown, rule);
                continue;
            };
            let shown = told(Some(key.kind), &plain(value.get_ref()));
            if let Some(feature) = key.missing() {
                self.complain(origin, &full, &shown, needs(feature));
                continue;
            }
            if let Some((_, earlier)) = given.iter().find(|(known, _)| *known == key.name) {
                self.complain(
                    origin,
                    &full,
                    &shown,
                    format!("is given already, as {earlier}"),
                );
                continue;
            }
            given.push((key.name, name));
            if let Some(value) = self.value(value.get_ref(), key.kind, &full, origin) {
                layer.insert(key.name.to_owned(), value);
            }
        }
        layer
    }

    fn value(
        &mut self,
        value: &DeValue<'_>,
        kind: Kind,
        path: &str,
        origin: Origin,
    ) -> Option<Value> {
        match (kind, value) {
            (Kind::Table(shape) | Kind::Switch(shape), DeValue::Table(table)) => {
                self.sources.places.table(path, &origin);
                Some(self.table(table, shape, path).into())
            }
            (Kind::Named(shape), DeValue::Table(table)) => {
                self.sources.places.table(path, &origin);
                Some(self.named(table, shape, path).into())
            }
            (Kind::Table(_) | Kind::Named(_), _) => {
                self.complain(
                    origin,
                    path,
                    &told(Some(kind), &plain(value)),
                    "must be a table",
                );
                None
            }
            (Kind::Headers, DeValue::Table(table)) => {
                self.sources.places.table(path, &origin);
                Some(self.headers(table, path).into())
            }
            // What else is no text has a rule for them, too.
            (Kind::Text | Kind::Secret | Kind::Url | Kind::Texts | Kind::Urls, _)
                if is_dated(value) =>
            {
                self.complain(origin, path, &told(Some(kind), &plain(value)), DATE);
                None
            }
            _ => Some(self.sources.places.value(origin, plain(value))),
        }
    }

    fn named(
        &mut self,
        table: &DeTable<'_>,
        shape: &'static Shape,
        path: &str,
    ) -> Map<String, Value> {
        let mut layer = Map::new();
        for (name, value) in in_order(table) {
            let origin = self.origin(name.span().start);
            let full = join(path, name.get_ref());
            let DeValue::Table(table) = value.get_ref() else {
                self.complain(
                    origin,
                    &full,
                    &told(None, &plain(value.get_ref())),
                    "must be a table",
                );
                continue;
            };
            if let Some(name) = self.sources.name(path, name.get_ref(), &origin) {
                self.sources.places.table(&full, &origin);
                layer.insert(name, self.table(table, shape, &full).into());
            }
        }
        layer
    }

    /// The names of headers have no case.
    fn headers(&mut self, table: &DeTable<'_>, path: &str) -> Map<String, Value> {
        let mut layer = Map::new();
        for (name, value) in in_order(table) {
            let origin = self.origin(name.span().start);
            let lower = name.get_ref().to_ascii_lowercase();
            let broken = if !is_header(&lower) {
                Some(HEADER)
            } else if layer.contains_key(&lower) {
                Some("is given already")
            } else {
                is_dated(value.get_ref()).then_some(DATE)
            };
            if let Some(rule) = broken {
                self.complain(origin, &join(path, name.get_ref()), "..", rule);
                continue;
            }
            let value = self.sources.places.value(origin, plain(value.get_ref()));
            layer.insert(lower, value);
        }
        layer
    }
}

/// The entries as they stand in the file.
fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(
    &'t Spanned<std::borrow::Cow<'i, str>>,
    &'t Spanned<DeValue<'i>>,
)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// The rule that an unknown key breaks. A named component is easily put among the defaults.
fn unknown(shape: &Shape, path: &str, name: &str, value: &DeValue<'_>) -> String {
    let named = match path {
        "circuit_breaker" => Some("circuit_breakers"),
        "retry" => Some("retries"),
        _ => None,
    };
    match named {
        Some(named) if value.is_table() => {
            format!("unknown key, did you mean [{}]?", join(named, name))
        }
        _ => shape.unknown(name),
    }
}

/// A value of no known shape. A table is [`ValueKind::Nil`]: where it stands none is expected, and two are
/// not to be merged.
pub(super) fn plain(value: &DeValue<'_>) -> ValueKind {
    match value {
        DeValue::String(text) => ValueKind::String(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => ValueKind::I64(number),
            // Beyond what a file can say; whoever reads it takes it for too large.
            Err(_) if number.radix() != 10 => ValueKind::Float(f64::INFINITY),
            Err(_) => ValueKind::Float(number.as_str().parse().unwrap_or(f64::INFINITY)),
        },
        DeValue::Float(number) => ValueKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => ValueKind::Boolean(*value),
        DeValue::Datetime(date) => ValueKind::String(date.to_string()),
        DeValue::Array(list) => {
            let values = list
                .iter()
                .map(|value| Value::new(None, plain(value.get_ref())));
            ValueKind::Array(values.collect())
        }
        DeValue::Table(_) => ValueKind::Nil,
    }
}

/// Whether there is a date in it: it must not pass for a text.
fn is_dated(value: &DeValue<'_>) -> bool {
    match value {
        DeValue::Datetime(_) => true,
        DeValue::Array(list) => list.iter().any(|value| is_dated(value.get_ref())),
        _ => false,
    }
}

/// Whether a header can have this name. The crate that reads headers writes their names into its errors as
/// they are, and those could not be told apart any more.
pub(super) fn is_header(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}

/// The rule for the names of headers.
pub(super) const HEADER: &str = "must have the name of a header";
const DATE: &str = "must not be a date or a time of day: a text stands in quotes";
/// A file with more problems is of another kind; looking for what each key was meant to be takes time.
const MOST_HINTS: usize = 1000;
const MOST_MISTAKES: usize = 20;
/// What the parser says of a key that is there twice, without saying which.
const DUPLICATE: &str = "duplicate key";
const LARGEST_FILE: u64 = 1024 * 1024;
