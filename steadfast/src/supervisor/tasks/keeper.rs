//! What keeps one task running.

use std::future::Future;
use std::sync::Arc;

use super::record::{Fall, Record};
use super::restarts::Restarts;
use super::stop::Stop;
use crate::supervisor::clock;
use crate::supervisor::contain::contained;

/// Runs what `make` makes, again and again, until the task is to stop.
pub(super) async fn keep<F, Fut>(record: Arc<Record>, stop: Stop, restarts: Restarts, mut make: F)
where
    F: FnMut(Stop) -> Fut,
    Fut: Future<Output = ()>,
{
    let mut waits = restarts.waits();
    while !stop.is_stopping() {
        let began = clock::now();
        record.runs(began);
        // Making the future is part of the run: it may panic, too.
        let run = contained(async { make(stop.clone()).await }).await;
        let now = clock::now();
        let fall = match run {
            Err(panic) => Fall::Panicked(panic),
            Ok(()) if stop.is_stopping() => break,
            Ok(()) => Fall::Ended,
        };
        if now.saturating_duration_since(began) >= restarts.healthy_after {
            waits = restarts.waits();
        }
        // The waits never end.
        let wait = waits.next().unwrap_or(restarts.max_backoff);
        record.fell(fall, now, (!stop.is_stopping()).then_some(wait));
        stop.sleep(wait).await;
    }
    record.stopped(clock::now());
}
