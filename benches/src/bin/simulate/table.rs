//! Tables, as Markdown for people and as CSV for programs.

use std::fmt;
use std::time::Duration;

/// A table with a heading; the first column is text, the others are figures.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<T: ToString>(heading: impl IntoIterator<Item = T>) -> Self {
        Self {
            rows: vec![heading.into_iter().map(|cell| cell.to_string()).collect()],
        }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// No cell of ours has a comma or a quotation mark.
    pub(crate) fn csv(&self) -> String {
        let lines = self.rows.iter().map(|row| row.join(",") + "\n");
        lines.collect()
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let width = |column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells
                .map(|cell: &String| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }
}

/// Markdown, in columns that line up in a terminal too.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (number, row) in self.rows.iter().enumerate() {
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "| {cell:<width$} |")?;
                } else {
                    write!(f, " {cell:>width$} |")?;
                }
            }
            writeln!(f)?;
            if number == 0 {
                for (column, &width) in widths.iter().enumerate() {
                    if column == 0 {
                        write!(f, "|{:-<width$}--|", "")?;
                    } else {
                        write!(f, "{:-<width$}-:|", "")?;
                    }
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A share in per cent.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Seconds, to the hundredth.
pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}
