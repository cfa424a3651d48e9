//! What the crates say of their tables: `a = 1 (must ..); b.c = "x" (must ..)`.

/// One part of it.
#[derive(Debug, PartialEq)]
pub(super) struct Said<'m> {
    pub(super) key: &'m str,
    pub(super) value: &'m str,
    pub(super) rule: &'m str,
}

/// Takes a message apart. Values are texts in quotes, with escapes, and may have anything in them; keys are
/// known ones.
pub(super) fn parts(message: &str) -> Vec<Said<'_>> {
    let mut parts = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let (part, after) =
            split(rest, "); ").unwrap_or((rest.strip_suffix(')').unwrap_or(rest), ""));
        let (key, said) = split(part, " = ").unwrap_or(("", part));
        let (value, rule) = split(said, " (").unwrap_or(("", said));
        parts.push(Said { key, value, rule });
        rest = after;
    }
    parts
}

/// At the first place that is not within quotes.
fn split<'m>(text: &'m str, at: &str) -> Option<(&'m str, &'m str)> {
    let mut quoted = false;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        if !quoted && text[i..].starts_with(at) {
            return Some((&text[..i], &text[i + at.len()..]));
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_quotes_hide_what_looks_like_a_seam() {
        let message = r#"a = "x \"); b = 2 (y)" (must be "z", or 1); b.c = 2 (must not)"#;
        let said = |key, value, rule| Said { key, value, rule };
        let expected = vec![
            said("a", r#""x \"); b = 2 (y)""#, r#"must be "z", or 1"#),
            said("b.c", "2", "must not"),
        ];
        assert_eq!(parts(message), expected);
    }

    #[test]
    fn what_has_no_such_form_is_told_whole() {
        let rule = "invalid type";
        assert_eq!(
            parts(rule),
            [Said {
                key: "",
                value: "",
                rule
            }]
        );
        assert_eq!(parts(""), []);
    }
}
