//! The name that refusals carry.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// A name that can be copied without counting references, if it is one of the first [`KEPT`] different
/// ones of the process.
///
/// A full bulkhead refuses many callers on many threads, just when there is least time to spare, and each
/// refusal tells the name. A reference count would be written to by all of those threads, twice for each
/// refusal. So the first names are kept for good, and those that follow are counted: a program that makes
/// up names keeps no more than so many.
#[derive(Clone)]
pub(crate) enum Name {
    Kept(&'static Arc<str>),
    Counted(Arc<Arc<str>>),
}

/// How many names are kept. Looking for one takes as many comparisons, once for each bulkhead that is
/// built.
const KEPT: usize = 256;

static NAMES: [OnceLock<Arc<str>>; KEPT] = [const { OnceLock::new() }; KEPT];

impl Name {
    pub(crate) fn new(name: &Arc<str>) -> Self {
        for place in &NAMES {
            let kept = place.get_or_init(|| Arc::clone(name));
            if kept == name {
                return Self::Kept(kept);
            }
        }
        Self::counted(name)
    }

    /// For names of which there may be any number.
    pub(crate) fn counted(name: &Arc<str>) -> Self {
        Self::Counted(Arc::new(Arc::clone(name)))
    }

    pub(crate) fn as_arc(&self) -> &Arc<str> {
        match self {
            Self::Kept(name) => name,
            Self::Counted(name) => name,
        }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.as_arc() == other.as_arc()
    }
}

impl Eq for Name {}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_arc().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_is_kept_once_and_endless_names_are_counted() {
        let name: Arc<str> = "kept".into();
        let Name::Kept(kept) = Name::new(&name) else {
            panic!("the table is not full yet")
        };
        let again = Name::new(&"kept".into());
        assert!(matches!(again, Name::Kept(again) if std::ptr::eq(again, kept)));

        for number in 0..KEPT {
            let name: Arc<str> = format!("made up {number}").into();
            assert_eq!(Name::new(&name).as_arc(), &name);
        }
        let more: Arc<str> = "one more".into();
        let last = Name::new(&more);
        assert!(matches!(last, Name::Counted(_)));
        assert_eq!(Arc::strong_count(&more), 2);
        drop(last);
        assert_eq!(Arc::strong_count(&more), 1);
    }
}
