//! The schema of a file, made of the table of keys.

use serde_json::{Map, Value, json};

use super::Config;
use super::keys::{Key, Kind, Shape, TOP};

/// A JSON schema (draft 2020-12) of the files that this build reads, for editors and for checks before a
/// deployment. Rules between settings are beyond it.
///
/// That of a build with all features is committed as `steadfast/schema/steadfast.schema.json`.
///
/// # Examples
/// ```
/// assert!(steadfast::config::schema().contains("\"max_attempts\""));
/// ```
#[must_use]
pub fn schema() -> String {
    let mut definitions = Map::new();
    let mut schema = Map::new();
    schema.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    schema.insert("title".to_owned(), json!("Configuration of steadfast"));
    schema.extend(table(TOP, &defaults(), &mut definitions));
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    let mut text = format!("{:#}", Value::Object(schema));
    text.push('\n');
    text
}

/// The defaults, by the names of shapes.
fn defaults() -> toml::Table {
    let mut defaults = toml::Table::try_from(Config::default()).unwrap_or_default();
    let mut also = |shape: &str, of: Result<toml::Table, toml::ser::Error>| {
        defaults.insert(shape.to_owned(), of.unwrap_or_default().into());
    };
    also(
        "budget",
        toml::Table::try_from(crate::retry::BudgetConfig::default()),
    );
    also(
        "hedge",
        toml::Table::try_from(crate::retry::HedgeConfig::default()),
    );
    also(
        "bulkhead",
        toml::Table::try_from(crate::bulkhead::Config::default()),
    );
    #[cfg(feature = "amqp")]
    also("amqp", toml::Table::try_from(super::AmqpConfig::default()));
    defaults
}

fn table(
    shape: &Shape,
    defaults: &toml::Table,
    definitions: &mut Map<String, Value>,
) -> Map<String, Value> {
    let own = if shape.name == TOP.name {
        Some(defaults)
    } else {
        defaults.get(shape.name).and_then(toml::Value::as_table)
    };
    let mut properties = Map::new();
    for key in shape.keys.iter().filter(|key| key.missing().is_none()) {
        let default = own.and_then(|own| own.get(key.name));
        let schema = property(key, default, defaults, definitions);
        if let Some(alias) = key.alias {
            let mut schema = schema.clone();
            schema.insert(
                "description".to_owned(),
                json!(format!("Another name of {}.", key.name)),
            );
            properties.insert(alias.to_owned(), Value::Object(schema));
        }
        properties.insert(key.name.to_owned(), Value::Object(schema));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn property(
    key: &Key,
    default: Option<&toml::Value>,
    defaults: &toml::Table,
    definitions: &mut Map<String, Value>,
) -> Map<String, Value> {
    let mut schema = kind(key.kind, defaults, definitions);
    let plain = default.filter(|default| !default.is_table());
    let about = match (plain, key.built_in) {
        (None, Some(built_in)) => format!("{} Default: {built_in}.", key.about),
        _ => key.about.to_owned(),
    };
    schema.insert("description".to_owned(), json!(about));
    if let Some(default) = plain {
        schema.insert("default".to_owned(), json!(default));
    }
    schema
}

fn kind(
    kind: Kind,
    defaults: &toml::Table,
    definitions: &mut Map<String, Value>,
) -> Map<String, Value> {
    let mut reference = |shape: &Shape| {
        if !definitions.contains_key(shape.name) {
            // Shapes are no circle, but one may be met again within itself being made.
            let schema = table(shape, defaults, definitions);
            definitions.insert(shape.name.to_owned(), Value::Object(schema));
        }
        json!({ "$ref": format!("#/$defs/{}", shape.name) })
    };
    let schema = match kind {
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Whole(least, most) if most < i64::MAX as u64 => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Whole(least, _) => json!({ "type": "integer", "minimum": least }),
        Kind::Number(least, most) => number(least, most),
        Kind::Time => time(0),
        Kind::PositiveTime => time(1),
        Kind::Window => json!({ "anyOf": [
            { "type": "integer", "minimum": 1, "maximum": 1_000_000 },
            { "type": "string", "pattern": TIME },
        ] }),
        Kind::Jitter => json!({ "anyOf": [
            { "enum": ["none", "full", "equal"] },
            { "type": "number", "minimum": 0, "maximum": 1 },
            { "type": "boolean" },
        ] }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Text | Kind::Secret | Kind::Url => json!({ "type": "string", "minLength": 1 }),
        Kind::Path => json!({ "type": "string", "pattern": "^(/[A-Za-z0-9._~-]+)+$" }),
        Kind::Address => json!({ "type": "string", "pattern": "^.+:[0-9]{1,5}$" }),
        Kind::Texts | Kind::Urls => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Headers => {
            json!({ "type": "object", "propertyNames": { "pattern": HEADER }, "additionalProperties": { "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
        ] } })
        }
        Kind::Table(shape) => reference(shape),
        Kind::Switch(shape) => json!({ "anyOf": [{ "type": "boolean" }, reference(shape)] }),
        Kind::Named(shape) => json!({
            "type": "object",
            "propertyNames": { "minLength": 1, "maxLength": 128 },
            "additionalProperties": reference(shape),
        }),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn number(least: f64, most: f64) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("number"));
    if least == f64::MIN_POSITIVE {
        schema.insert("exclusiveMinimum".to_owned(), json!(0));
    } else {
        schema.insert("minimum".to_owned(), json!(least));
    }
    if most < f64::MAX {
        schema.insert("maximum".to_owned(), json!(most));
    }
    Value::Object(schema)
}

/// So many milliseconds, or a text.
fn time(least: u32) -> Value {
    json!({ "anyOf": [
        { "type": "integer", "minimum": least },
        { "type": "string", "pattern": TIME },
    ] })
}

/// The name of a header.
const HEADER: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/// Numbers with units, like `1m 30s`.
const TIME: &str = "^\\s*(0|([0-9.]+\\s*[A-Za-zµ]+\\s*)+)\\s*$";
