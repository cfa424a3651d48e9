//! Retry around breaker around bulkhead, around work that succeeds; and the same with a timeout.
//!
//! By hand that is backon around a breaker around a tokio semaphore, which would wait for ever for
//! a place where ours gives up after five seconds.

mod four;
mod peers;
mod three;

use steadfast_benches::Case;

pub(crate) fn cases() -> Vec<Case> {
    vec![three::case(), four::case()]
}
