//! One chart of a figure.

use std::ops::Range;

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::combinators::IntoLogRange;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use plotters::element::{DashedPathElement, Rectangle, Text};
use plotters::prelude::SVGBackend;
use plotters::style::text_anchor::{HPos, VPos};
use plotters::style::{Color, RGBColor};
use steadfast_benches::simulation::Failure;

use super::look::Look;
use super::{Area, FONT_SIZE, MARGIN, text};

/// A chart with its axes and lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    /// What the axis across shows, and in what unit.
    pub(crate) x: &'static str,
    /// What the axis upwards shows, and in what unit.
    pub(crate) y: &'static str,
    pub(crate) x_range: Range<f64>,
    pub(crate) y_range: Range<f64>,
    /// Whether the axis upwards is logarithmic.
    pub(crate) logarithmic: bool,
    pub(crate) lines: Vec<Line>,
    /// Whether each point gets its mark.
    pub(crate) marks: bool,
    /// A height to compare with, and what it is.
    pub(crate) level: Option<(f64, &'static str)>,
    /// A stretch of the axis across that stands out, and what it is.
    pub(crate) shaded: Option<(Range<f64>, &'static str)>,
}

/// One line of a chart.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) look: Look,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Panel {
    /// Draws the panel into its `place` within the `root`.
    pub(super) fn draw<'a>(&self, root: &Area<'a>, place: &Area<'a>) -> Result<(), Failure> {
        let mut builder = ChartBuilder::on(place);
        builder
            .caption(self.title, ("sans-serif", FONT_SIZE + 4))
            .margin(10)
            .margin_right(MARGIN)
            .x_label_area_size(48)
            .y_label_area_size(72);
        let (x, y) = (self.x_range.clone(), self.y_range.clone());
        if self.logarithmic {
            self.fill(root, builder.build_cartesian_2d(x, y.log_scale())?)
        } else {
            self.fill(root, builder.build_cartesian_2d(x, y)?)
        }
    }

    fn fill<'a, Y>(&self, root: &Area<'a>, mut chart: Chart<'_, 'a, Y>) -> Result<(), Failure>
    where
        Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
    {
        if let Some((stretch, what)) = &self.shaded {
            let from = chart.backend_coord(&(stretch.start, self.y_range.end));
            let to = chart.backend_coord(&(stretch.end, self.y_range.start));
            root.draw(&Rectangle::new([from, to], SHADE.filled()))?;
            let style = text(HPos::Left, VPos::Top);
            root.draw(&Text::new(*what, (to.0 + 4, from.1 + 4), style))?;
        }
        chart
            .configure_mesh()
            .x_desc(self.x)
            .y_desc(self.y)
            .label_style(("sans-serif", FONT_SIZE))
            .axis_desc_style(("sans-serif", FONT_SIZE))
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(GRID)
            .x_labels(9)
            .y_labels(7)
            .x_label_formatter(&number)
            .y_label_formatter(&number)
            .draw()?;
        if let Some((height, what)) = self.level {
            let from = chart.backend_coord(&(self.x_range.start, height));
            let to = chart.backend_coord(&(self.x_range.end, height));
            root.draw(&DashedPathElement::new([from, to], 2, 4, LEVEL))?;
            let style = text(HPos::Right, VPos::Bottom).color(&LEVEL);
            root.draw(&Text::new(what, (to.0 - 4, to.1 - 4), style))?;
        }
        for line in &self.lines {
            let points = line.points.iter().map(|point| chart.backend_coord(point));
            let points: Vec<_> = points.collect();
            if self.marks {
                for point in &points {
                    line.look.mark(root, *point)?;
                }
            }
            line.look.line(root, points)?;
        }
        Ok(())
    }
}

/// A number on an axis, without what the addition of steps left behind its second decimal.
fn number(value: &f64) -> String {
    format!("{}", (value * 100.0).round() / 100.0)
}

type Chart<'c, 'a, Y> = ChartContext<'c, SVGBackend<'a>, Cartesian2d<RangedCoordf64, Y>>;

const GRID: RGBColor = RGBColor(221, 221, 221);
const LEVEL: RGBColor = RGBColor(85, 85, 85);
const SHADE: RGBColor = RGBColor(238, 238, 238);
