//! Plots as SVG, all in one style.

mod look;
mod panel;

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::Text;
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, IntoFont, TextStyle, WHITE};
use steadfast_benches::simulation::Failure;

pub(crate) use self::look::{LOOKS, Look};
pub(crate) use self::panel::{Line, Panel};

/// Panels in a grid, and above them what the lines mean.
pub(crate) struct Figure {
    /// In pixels, width first.
    pub(crate) size: (u32, u32),
    pub(crate) columns: usize,
    pub(crate) labels: Vec<(String, Look)>,
    pub(crate) panels: Vec<Panel>,
}

impl Figure {
    pub(crate) fn draw(&self) -> Result<String, Failure> {
        let mut svg = String::new();
        {
            let root = SVGBackend::with_string(&mut svg, self.size).into_drawing_area();
            root.fill(&WHITE)?;
            let (legend, body) = root.split_vertically(LEGEND_HEIGHT);
            self.legend(&legend)?;
            let rows = self.panels.len().div_ceil(self.columns);
            let places = body.split_evenly((rows, self.columns));
            for (panel, place) in self.panels.iter().zip(places) {
                panel.draw(&root, &place)?;
            }
            root.present()?;
        }
        Ok(svg)
    }

    /// Each label beside a piece of its line, with the mark if points have theirs.
    fn legend(&self, area: &Area<'_>) -> Result<(), Failure> {
        let marks = self.panels.iter().any(|panel| panel.marks);
        let middle = LEGEND_HEIGHT / 2;
        let mut x = MARGIN;
        for (label, look) in &self.labels {
            look.line(area, vec![(x, middle), (x + LEGEND_LINE, middle)])?;
            if marks {
                look.mark(area, (x + LEGEND_LINE / 2, middle))?;
            }
            x += LEGEND_LINE + 8;
            let style = text(HPos::Left, VPos::Center);
            area.draw(&Text::new(label.as_str(), (x, middle), style))?;
            x += LETTER * label.len() as i32 + MARGIN;
        }
        Ok(())
    }
}

/// A part of the picture, in pixels.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Text that is anchored so.
fn text(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    ("sans-serif", FONT_SIZE)
        .into_font()
        .color(&BLACK)
        .pos(Pos::new(horizontal, vertical))
}

/// Of all text but titles. plotters writes four fifths of it into the SVG.
const FONT_SIZE: i32 = 18;

/// How wide a letter is, more or less: the fonts of who looks at the picture are not known.
const LETTER: i32 = 8;

/// Between the picture's edge, the labels of the legend, and the panels.
const MARGIN: i32 = 24;

const LEGEND_HEIGHT: i32 = 44;

/// How long the piece of a line in the legend is.
const LEGEND_LINE: i32 = 36;
