//! The names that refusals carry without counting references.
//!
//! A full bulkhead refuses many callers on many threads, just when there is least time to spare, and each
//! refusal tells the name. A reference count would be written to by all of those threads, twice for each
//! refusal. So the first [`KEPT`] different names of the process are kept for good and known by a number.
//! There are no more of them, so that a program that makes up names does not fill the memory.

use std::sync::{Arc, OnceLock};

/// How many names are kept. Looking for one takes as many comparisons, once for each bulkhead that is
/// built.
const KEPT: usize = 256;

static NAMES: [OnceLock<Arc<str>>; KEPT] = [const { OnceLock::new() }; KEPT];

/// The number of a name that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept(pub(crate) u8);

impl Kept {
    /// `None` if too many are kept already.
    pub(crate) fn new(name: &Arc<str>) -> Option<Self> {
        (0..=u8::MAX).map(Self).find(|kept| {
            let place = &NAMES[usize::from(kept.0)];
            place.get_or_init(|| Arc::clone(name)) == name
        })
    }

    pub(crate) fn name(self) -> &'static Arc<str> {
        match NAMES[usize::from(self.0)].get() {
            Some(name) => name,
            None => unreachable!("a name has its number because it is there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once_and_not_every_name_is() {
        let name: Arc<str> = "kept".into();
        let kept = Kept::new(&name).unwrap();
        assert_eq!(Kept::new(&"kept".into()), Some(kept));
        assert_eq!(kept.name(), &name);

        for number in 0..KEPT {
            let name: Arc<str> = format!("made up {number}").into();
            assert!(Kept::new(&name).is_none_or(|kept| kept.name() == &name));
        }
        let one_more: Arc<str> = "one more".into();
        assert_eq!(Kept::new(&one_more), None);
        assert_eq!(Arc::strong_count(&one_more), 1);
        assert_eq!(Kept::new(&name), Some(kept));
    }
}
