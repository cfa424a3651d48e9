//! Where a value came from.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value came from, displayed as `steadfast.toml:3:1`, `STEADFAST_RETRY__MAX_ATTEMPTS` and so on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// No source gives it.
    Default,
    /// It is that of a component that there is without a file.
    BuiltIn,
    /// A file gives it.
    File {
        /// The file.
        file: Arc<Path>,
        /// The line, from 1.
        line: usize,
        /// The character of the line, from 1.
        column: usize,
    },
    /// A file as a whole: what could not be read has no lines.
    WholeFile {
        /// The file.
        file: Arc<Path>,
    },
    /// An environment variable gives it.
    Variable {
        /// Its name.
        name: Arc<str>,
    },
    /// It is inherited from the section of defaults.
    Inherited {
        /// The section.
        section: &'static str,
        /// Where that has it from.
        from: Arc<Self>,
    },
}

impl Origin {
    /// In which order problems are told: files as they were read, then variables by name.
    pub(super) fn rank(&self, files: &[Arc<Path>]) -> (usize, usize, usize, &str) {
        let of = |file: &Arc<Path>| files.iter().position(|known| known == file);
        match self {
            Self::WholeFile { file } => (of(file).unwrap_or(files.len()), 0, 0, ""),
            Self::File { file, line, column } => {
                (of(file).unwrap_or(files.len()), *line, *column, "")
            }
            Self::Variable { name } => (files.len() + 1, 0, 0, name),
            Self::Inherited { from, .. } => from.rank(files),
            Self::Default | Self::BuiltIn => (files.len() + 2, 0, 0, ""),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::BuiltIn => f.write_str("built in"),
            Self::File { file, line, column } => {
                write!(f, "{}:{line}:{column}", one_line(&file.to_string_lossy()))
            }
            Self::WholeFile { file } => f.write_str(&one_line(&file.to_string_lossy())),
            Self::Variable { name } => f.write_str(&one_line(name)),
            Self::Inherited { section, from } => write!(f, "[{section}] at {from}"),
        }
    }
}

/// Names of files and variables may have ends of lines in them.
pub(super) fn one_line(name: &str) -> String {
    let escaped = |c: char| c.is_control().then(|| c.escape_default().to_string());
    name.chars()
        .map(|c| escaped(c).unwrap_or_else(|| c.to_string()))
        .collect()
}
