//! One line of the page.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};
use steadfast_telemetry::ComponentId;
use tokio::time::Instant;

use super::facts::Facts;

/// How much something needs somebody's attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) enum Severity {
    /// All is well.
    #[default]
    Ok,
    /// Worth knowing.
    Notice,
    /// Somebody should look.
    Warning,
    /// Somebody should look now.
    Critical,
}

impl Severity {
    const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Notice => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

/// As a number from 0 to 3.
impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

/// What is shown of one component.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) name: String,
    pub(crate) instance: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<String>,
    pub(crate) severity: Severity,
    pub(crate) state: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
    /// The bytes at the end of `why` that are an example of it, and differ from one to the next.
    #[serde(skip)]
    pub(crate) example: usize,
    /// Milliseconds since 1970, like every time here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<u64>,
    /// The same by a clock that does not step, if the component does not date it itself.
    #[serde(skip)]
    pub(crate) begun: Option<Instant>,
    pub(crate) actions: Vec<&'static str>,
    pub(crate) facts: Facts,
}

impl Row {
    pub(crate) fn new(id: &ComponentId) -> Self {
        Self {
            id: id_of(&id.kind, &id.name, id.instance),
            kind: id.kind.clone(),
            name: id.name.clone(),
            instance: id.instance,
            group: None,
            severity: Severity::Ok,
            state: Cow::Borrowed("ok"),
            why: None,
            example: 0,
            since: None,
            begun: None,
            actions: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Says how it is; what is not ok should say why as well.
    pub(crate) fn is(&mut self, severity: Severity, state: impl Into<Cow<'static, str>>) {
        self.severity = severity;
        self.state = state.into();
    }

    /// Why it is so, without the example.
    pub(crate) fn gist(&self) -> Option<&str> {
        let why = self.why.as_deref()?;
        why.get(..why.len() - self.example)
    }
}

/// The id of a row. A name may hold slashes; whoever takes an id for more than a key looks at the ends.
pub(crate) fn id_of(kind: &str, name: &str, instance: usize) -> String {
    format!("{kind}/{name}/{instance}")
}
