//! The work under the patterns: a future that is ready, so that what is measured is the pattern.

use std::future::{Ready, ready};
use std::hint::black_box;

use super::failure::Failure;

/// Work that succeeds at once.
pub(crate) fn work() -> Ready<Result<u64, Failure>> {
    ready(Ok(black_box(1)))
}
