//! Traffic that makes the page move.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use steadfast_breaker::{CircuitBreaker, Error};
use tokio::time::sleep;

use crate::components::BUSY;
use crate::play::Playground;

pub(crate) async fn run(playground: Arc<Playground>) {
    loop {
        sleep(Duration::from_millis(20)).await;
        if !playground.quiet.load(Ordering::Relaxed) {
            playground.turn().await;
        }
    }
}

impl Playground {
    /// A few calls, some of which fail or wait.
    async fn turn(&self) {
        let turn = self.turns.fetch_add(1, Ordering::Relaxed);
        for (place, name) in (0_u64..).zip(BUSY) {
            let out = self
                .outages
                .get(name)
                .is_some_and(|out| out.load(Ordering::Relaxed));
            let fails = out || (turn + place) % 17 == 0;
            if let Some(breaker) = self.breakers.get(name) {
                let _ = call(breaker, fails).await;
            }
        }
        let _ = self
            .retry
            .call(|attempt| async move { answer(turn % 11 == 0 && !attempt.is_retry()) })
            .await;
        if let Some(clients) = &self.clients {
            let request = clients.http.get(&clients.url).send();
            tokio::spawn(async move {
                if let Ok(response) = request.await {
                    let _ = response.bytes().await;
                }
            });
        }
        if let Ok(permit) = self.reports.try_acquire() {
            tokio::spawn(async move {
                sleep(Duration::from_millis(20 + turn % 50)).await;
                drop(permit);
            });
        }
    }
}

/// A call of a breaker, which is told what it has failed with.
pub(crate) async fn call(
    breaker: &CircuitBreaker,
    fails: bool,
) -> Result<&'static str, Error<io::Error>> {
    let noting = |error: &io::Error| breaker.note_error("connect", error);
    let calling = || async move { answer(fails).inspect_err(noting) };
    breaker.call(calling).await
}

pub(crate) fn answer(fails: bool) -> io::Result<&'static str> {
    if fails {
        Err(io::Error::other("connection refused"))
    } else {
        Ok("done")
    }
}
