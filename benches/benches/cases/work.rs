//! The work under the patterns: a future that is ready, so that what is measured is the pattern.

use std::fmt;
use std::future::{Ready, ready};
use std::hint::black_box;

/// Why work fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failure;

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the work failed")
    }
}

impl std::error::Error for Failure {}

/// Work that succeeds at once.
pub(crate) fn work() -> Ready<Result<u64, Failure>> {
    ready(Ok(black_box(1)))
}
