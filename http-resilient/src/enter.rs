//! The gates in front of an attempt, all of one authority: the moment it has stated, its circuit breaker,
//! the client's rate limit for it, and its bulkhead.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use crate::attempt::Failure;
use crate::call::Call;
use crate::clock;
use crate::error::{Error, Phase};

/// Through the gates, and since when.
pub(crate) struct Entered {
    pub(crate) permit: steadfast_breaker::Permit,
    pub(crate) place: steadfast_bulkhead::Permit,
    pub(crate) now: Instant,
}

impl Call<'_> {
    /// Gets through the gates. It is `now`; the clock is read again only if this waits.
    pub(crate) async fn enter(&self, mut now: Instant) -> Result<Entered, Failure> {
        #[cfg(feature = "rate-limit")]
        let mut has_leave = false;
        loop {
            if self.authority.throttle.is_set() {
                Box::pin(self.wait_for_moment()).await?; // in a box, as few requests are
                now = clock::now();
            }
            if self.deadline.is_some_and(|deadline| deadline <= now) {
                return Err(Failure::Deadline(Phase::Start));
            }
            let permit = self.ask_breaker()?;
            #[cfg(feature = "rate-limit")]
            let Some(permit) = self.ask_limiter(permit, &mut has_leave).await? else {
                now = clock::now();
                continue;
            };
            let mut acquiring = pin!(self.authority.bulkhead.acquire());
            let at_once = poll_fn(|cx| Poll::Ready(acquiring.as_mut().poll(cx))).await;
            if let Poll::Ready(Ok(place)) = at_once {
                return Ok(Entered { permit, place, now });
            }
            // A call that waits for a place is none of the breaker's: it takes no probe, and it is not
            // the server that is slow.
            permit.ignore();
            let acquired = match at_once {
                Poll::Ready(acquired) => acquired,
                Poll::Pending => {
                    let left = self.left_at(now, Phase::Queue)?;
                    match Box::pin(tokio::time::timeout(left, acquiring)).await {
                        Ok(acquired) => acquired,
                        Err(_) => return Err(Failure::Deadline(Phase::Queue)),
                    }
                }
            };
            let place = acquired.map_err(|rejected| {
                Failure::Rejected(Error::BulkheadFull {
                    rejected,
                    request: self.summary(),
                })
            })?;
            // Meanwhile the server may have asked to be left alone, and the circuit may have opened:
            // the queue must not pour into it. A call that must wait does so without a place.
            now = clock::now();
            if self.authority.throttle.left().is_none() {
                let permit = self.ask_breaker()?;
                return Ok(Entered { permit, place, now });
            }
            #[cfg(feature = "rate-limit")]
            {
                has_leave = false; // of a time that is over
            }
        }
    }

    fn ask_breaker(&self) -> Result<steadfast_breaker::Permit, Failure> {
        self.authority.breaker.try_acquire().map_err(|rejected| {
            Failure::Rejected(Error::CircuitOpen {
                rejected,
                request: self.summary(),
            })
        })
    }
}
