//! One caller on one thread.

use std::time::Duration;

use steadfast_benches::{clock, use_up};

use super::runtime::runtime;

/// A run that does `operation` in a loop, inside one `block_on` of a current-thread runtime.
/// `expected` guards against measuring something else: any other result panics.
pub(crate) fn alone<T, E>(
    mut operation: impl AsyncFnMut() -> Result<T, E>,
    expected: impl Fn(&Result<T, E>) -> bool,
) -> impl FnMut(u64) -> Duration {
    let runtime = runtime();
    move |times| {
        runtime.block_on(async {
            let start = clock::now();
            for _ in 0..times {
                let answer = operation().await;
                assert!(expected(&answer));
                use_up(&answer);
            }
            start.elapsed()
        })
    }
}
