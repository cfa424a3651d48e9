//! How lines look: colours that colour-blind people can tell apart (Okabe and Ito, "Color universal
//! design", 2008), and a dash and a mark of its own for each line, for who sees no colours at all.

use plotters::element::{Circle, Cross, DashedPathElement, PathElement, TriangleMarker};
use plotters::style::{Color, RGBColor, ShapeStyle};
use steadfast_benches::simulation::Failure;

use super::Area;

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    colour: RGBColor,
    width: u32,
    mark: Mark,
    /// The length of dashes and of the gaps between them; none for a line without gaps.
    dash: Option<(i32, i32)>,
}

#[derive(Debug, Clone, Copy)]
enum Mark {
    Disc,
    Triangle,
    Ring,
    Cross,
}

impl Look {
    /// A line through these points.
    pub(crate) fn line(self, area: &Area<'_>, points: Vec<(i32, i32)>) -> Result<(), Failure> {
        let style = self.stroke();
        match self.dash {
            None => area.draw(&PathElement::new(points, style))?,
            Some((dash, gap)) => {
                area.draw(&DashedPathElement::new(points, dash, gap, style))?;
            }
        }
        Ok(())
    }

    /// The mark at one point.
    pub(crate) fn mark(self, area: &Area<'_>, at: (i32, i32)) -> Result<(), Failure> {
        match self.mark {
            Mark::Disc => area.draw(&Circle::new(at, 4, self.colour.filled()))?,
            Mark::Triangle => area.draw(&TriangleMarker::new(at, 6, self.colour.filled()))?,
            Mark::Ring => area.draw(&Circle::new(at, 6, self.stroke()))?,
            Mark::Cross => area.draw(&Cross::new(at, 4, self.stroke()))?,
        }
        Ok(())
    }

    fn stroke(self) -> ShapeStyle {
        self.colour.stroke_width(self.width)
    }
}

/// One for each policy, in the order of `Policy::ALL`. The second is wide, so that it is seen below the
/// third where they are the same.
pub(crate) const LOOKS: [Look; 4] = [
    Look {
        colour: RGBColor(0, 114, 178),
        width: 2,
        mark: Mark::Disc,
        dash: Some((8, 4)),
    },
    Look {
        colour: RGBColor(213, 94, 0),
        width: 4,
        mark: Mark::Triangle,
        dash: None,
    },
    Look {
        colour: RGBColor(0, 158, 115),
        width: 2,
        mark: Mark::Ring,
        dash: None,
    },
    Look {
        colour: RGBColor(0, 0, 0),
        width: 2,
        mark: Mark::Cross,
        dash: Some((3, 3)),
    },
];
