//! What the application itself puts into the log.

use crate::view::{Severity, Told};

/// An entry of the log that is no event of a watched component: a configuration that was reloaded, a background task
/// that was restarted.
///
/// # Examples
/// ```
/// use steadfast_dashboard::{Dashboard, Notice, Severity};
/// use steadfast_telemetry::Telemetry;
///
/// let telemetry = Telemetry::new();
/// let dashboard = Dashboard::builder(&telemetry).build()?;
/// dashboard.tell(Notice::reload("orders.toml", "retry.max_attempts is 5 now"));
/// dashboard.tell(Notice::task("reporter", "it panicked and was restarted").severity(Severity::Warning));
/// # Ok::<_, steadfast_dashboard::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a notice is told by `Dashboard::tell`"]
pub struct Notice {
    kind: &'static str,
    severity: Severity,
    name: String,
    text: String,
}

impl Notice {
    /// Something about the configuration: the file, what became of it. A [notice](Severity::Notice) unless said otherwise.
    pub fn reload(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("reload", name.into(), text.into())
    }

    /// Something about a background task: its name, what became of it. A [notice](Severity::Notice) unless said
    /// otherwise.
    pub fn task(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new("task", name.into(), text.into())
    }

    fn new(kind: &'static str, name: String, text: String) -> Self {
        Self {
            kind,
            severity: Severity::Notice,
            name,
            text,
        }
    }

    /// How much it needs somebody's attention.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn told(self) -> Told {
        Told {
            kind: self.kind,
            severity: self.severity,
            component: None,
            name: self.name,
            text: self.text,
            noisy: false,
        }
    }
}
