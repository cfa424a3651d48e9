//! Which key a misspelt one was meant to be.

/// The rule that an unknown key breaks.
pub(super) fn unknown(key: &str, known: impl Iterator<Item = &'static str>) -> String {
    match nearest(key, known) {
        Some(known) => format!("unknown key, did you mean {known}?"),
        None => "unknown key".to_owned(),
    }
}

/// The known key that takes the fewest edits, if those are less than about half of it.
fn nearest(key: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    // Nothing is near a key of more than twice the length of any known one: not worth the comparing.
    if key.len() > 64 {
        return None;
    }
    let key: Vec<char> = key.to_lowercase().chars().collect();
    known
        .map(|known| (edits(&key, known), known))
        .filter(|(edits, known)| edits * 2 <= known.len())
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, known)| known)
}

/// How many characters must be added, removed or replaced to get from one to the other.
fn edits(from: &[char], to: &str) -> usize {
    // From the first so many characters of `from` to as much of `to` as has been looked at.
    let mut row: Vec<usize> = (0..=from.len()).collect();
    for (done, to) in to.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = done + 1;
        for (i, from) in from.iter().enumerate() {
            let replaced = diagonal + usize::from(*from != to);
            diagonal = row[i + 1];
            row[i + 1] = replaced.min(diagonal + 1).min(row[i] + 1);
        }
    }
    row[from.len()]
}
