//! The work under the breakers: futures that are ready.

use std::future::{Ready, ready};
use std::hint::black_box;

use super::failure::Failure;

/// Work that succeeds at once with this answer. Around it goes a closure of each case's own, as there
/// is one wherever a breaker is called.
pub(crate) fn answer(value: u64) -> Ready<Result<u64, Failure>> {
    ready(Ok(black_box(value)))
}

/// Work of which every tenth piece fails.
#[derive(Default)]
pub(crate) struct OneInTen {
    since_failure: u32,
}

impl OneInTen {
    pub(crate) fn answer(&mut self) -> Result<u64, Failure> {
        self.since_failure += 1;
        if self.since_failure == 10 {
            self.since_failure = 0;
            return black_box(Err(Failure));
        }
        black_box(Ok(1))
    }

    pub(crate) fn work(&mut self) -> Ready<Result<u64, Failure>> {
        ready(self.answer())
    }
}
