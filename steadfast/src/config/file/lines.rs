//! Where in a text something stands.

use std::cell::Cell;

/// Finds lines and columns.
pub(super) struct Lines<'t> {
    pub(super) text: &'t str,
    /// Where each line begins.
    begins: Vec<usize>,
    /// The last place asked for and its column: a line may be as long as the file, and have a place of interest
    /// at every second character.
    last: Cell<(usize, usize)>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        // A mark of the encoding is before the first character.
        let begin = if text.starts_with(MARK) {
            MARK.len_utf8()
        } else {
            0
        };
        Self {
            text,
            begins: std::iter::once(begin).chain(ends).collect(),
            last: Cell::new((begin, 1)),
        }
    }

    /// Both from 1; the column in characters.
    pub(super) fn of(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len()).max(self.begins[0]);
        let line = self.begins.partition_point(|begin| *begin <= offset);
        let begin = self.begins[line - 1];
        let (from, column) = match self.last.get() {
            last if (begin..=offset).contains(&last.0) => last,
            _ => (begin, 1),
        };
        let between = self.text.get(from..offset).unwrap_or_default();
        let column = column + between.chars().count();
        self.last.set((offset, column));
        (line, column)
    }
}

const MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn a_mark_of_the_encoding_is_no_character() {
        let lines = Lines::new("\u{feff}a = 1\nb");
        assert_eq!(lines.of(0), (1, 1));
        assert_eq!(lines.of(3), (1, 1));
        assert_eq!(lines.of(5), (1, 3));
        assert_eq!(lines.of(9), (2, 1));
        assert_eq!(Lines::new("\u{feff}").of(9), (1, 1));
    }

    #[test]
    fn places_are_the_same_in_whichever_order_they_are_asked_for() {
        let text = "a = 1\r\n\nü = 'ü'  x\nb";
        let lines = Lines::new(text);
        let ends = text.char_indices().map(|(i, _)| i).chain([text.len(), 99]);
        let naive = |offset: usize| {
            let before = &text[..offset.min(text.len())];
            let line = before.matches('\n').count() + 1;
            let begin = before.rfind('\n').map_or(0, |end| end + 1);
            (line, before[begin..].chars().count() + 1)
        };
        for offset in ends
            .clone()
            .chain(ends.clone().collect::<Vec<_>>().into_iter().rev())
        {
            assert_eq!(lines.of(offset), naive(offset), "{offset}");
        }
        for (offset, back) in ends.clone().zip(ends.skip(5)) {
            assert_eq!(lines.of(back), naive(back));
            assert_eq!(lines.of(offset), naive(offset));
        }
    }
}
