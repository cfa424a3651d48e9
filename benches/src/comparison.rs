//! Who does what: scenarios as rows, clients as columns, and in each cell what was measured and whether
//! that is right.

use std::fmt;

/// What a client did in a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cell {
    /// What was measured, in a few words: `3 sent`.
    pub figure: String,
    /// Whether that is the right behaviour.
    pub right: bool,
    /// Whether there is something to be right about.
    judged: bool,
}

impl Cell {
    /// A measured figure and whether it is right.
    #[must_use]
    pub fn new(figure: impl Into<String>, right: bool) -> Self {
        Self {
            figure: figure.into(),
            right,
            judged: true,
        }
    }

    /// A figure that only informs.
    #[must_use]
    pub fn figure(figure: impl Into<String>) -> Self {
        Self {
            figure: figure.into(),
            right: true,
            judged: false,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.judged {
            return f.write_str(&self.figure);
        }
        let mark = if self.right { '✓' } else { '✗' };
        write!(f, "{} {mark}", self.figure)
    }
}

/// Rows of cells, one for each client. `Display` is a Markdown table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    clients: Vec<String>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    subject: String,
    right: String,
    cells: Vec<Cell>,
}

impl Comparison {
    /// An empty table with a column for each of the clients.
    #[must_use]
    pub fn of<C: Into<String>>(clients: impl IntoIterator<Item = C>) -> Self {
        Self {
            clients: clients.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a scenario: what happens, what is right, and what each client did.
    ///
    /// # Panics
    /// If there is not a cell for each client.
    pub fn add(&mut self, subject: &str, right: &str, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.clients.len(), "{subject}");
        self.rows.push(Row {
            subject: subject.to_owned(),
            right: right.to_owned(),
            cells,
        });
    }

    /// The scenarios in which the client of this column was not right, each with what it did.
    #[must_use]
    pub fn wrong(&self, column: usize) -> Vec<String> {
        let rows = self.rows.iter().filter(|row| !row.cells[column].right);
        rows.map(|row| {
            let figure = &row.cells[column].figure;
            format!("{}: {figure}, right is {}", row.subject, row.right)
        })
        .collect()
    }

    fn lines(&self) -> Vec<Vec<String>> {
        let heading = ["", "scenario", "right is"].map(str::to_owned).into_iter();
        let mut lines = vec![heading.chain(self.clients.iter().cloned()).collect()];
        for (number, row) in (1..).zip(&self.rows) {
            let mut line = vec![format!("{number}"), row.subject.clone(), row.right.clone()];
            line.extend(row.cells.iter().map(ToString::to_string));
            lines.push(line);
        }
        lines
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.lines();
        let width = |column: usize| {
            let cells = lines.iter().map(|line| line[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
        for (number, line) in lines.iter().enumerate() {
            for (cell, width) in line.iter().zip(&widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(f, "|{}", "-".repeat(width + 2))?;
                }
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}
