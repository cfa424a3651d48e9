//! What a run of a scenario found: a row for each thing that was looked at.

use std::error::Error;
use std::fmt::{Display, Write};

use steadfast_benches::model::Report;

use crate::support::in_words;

pub(crate) type Failure = Box<dyn Error + Send + Sync>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) subject: String,
    /// What is right.
    pub(crate) right: String,
    pub(crate) figure: String,
    pub(crate) is_right: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) rows: Vec<Row>,
}

/// Begins the lines in which a process tells its findings.
const MARK: &str = "\u{1e}row\t";

impl Findings {
    pub(crate) fn row(
        &mut self,
        subject: &str,
        right: impl Display,
        figure: impl Display,
        is_right: bool,
    ) {
        self.rows.push(Row {
            subject: subject.to_owned(),
            right: right.to_string(),
            figure: figure.to_string(),
            is_right,
        });
    }

    /// A figure that only informs.
    pub(crate) fn note(&mut self, subject: &str, figure: impl Display) {
        self.row(subject, "", figure, true);
    }

    /// Something of which there must be none.
    pub(crate) fn none(&mut self, subject: &str, count: u64) {
        self.row(subject, "0", count, count == 0);
    }

    /// What the model checker says: first what the client said, then the rules.
    pub(crate) fn model(&mut self, report: &Report) {
        let mut told = format!("{} published", report.published);
        for (count, what) in [
            (report.confirmed, "confirmed"),
            (report.returned, "returned"),
            (report.nacked, "rejected"),
            (report.blocked, "blocked"),
            (report.not_sent, "not sent"),
            (report.ambiguous, "ambiguous"),
        ] {
            if count > 0 {
                let _ = write!(told, ", {count} {what}");
            }
        }
        self.note("messages", told);
        if report.ambiguous > 0 {
            self.note("ambiguous, and in a queue", report.ambiguous_found);
        }
        self.note("in a queue twice", report.found_twice);
        let overrun = in_words(report.longest_overrun);
        self.note("longest time past a deadline", overrun);
        self.none("confirmed, and in no queue", report.confirmed_missing);
        let late = report.hung + report.unanswered;
        self.none("no answer by the deadline", late);
        // All of them once more, lest one be forgotten here.
        let violations = report.violations();
        let all = if violations.is_empty() {
            "none".to_owned()
        } else {
            violations.join("; ")
        };
        self.row("broken rules", "none", all, violations.is_empty());
    }

    /// For the process that started this one.
    pub(crate) fn encoded(&self) -> String {
        let mut lines = String::new();
        for row in &self.rows {
            let Row {
                subject,
                right,
                figure,
                is_right,
            } = row;
            let _ = writeln!(lines, "{MARK}{subject}\t{right}\t{figure}\t{is_right}");
        }
        lines
    }

    /// Takes in a line of another process, if it is of its findings.
    pub(crate) fn decode(&mut self, line: &str) -> bool {
        let Some(fields) = line.strip_prefix(MARK) else {
            return false;
        };
        let fields: Vec<&str> = fields.split('\t').collect();
        if let [subject, right, figure, is_right] = fields[..] {
            self.row(subject, right, figure, is_right == "true");
        }
        true
    }
}
