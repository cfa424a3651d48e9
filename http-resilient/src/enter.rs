//! The gates in front of an attempt, all of one authority: the moment it has stated, its circuit breaker,
//! the client's rate limit for it, and its bulkhead.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use crate::attempt::Failure;
use crate::call::Call;
use crate::error::{Error, Phase};

impl Call<'_> {
    /// Gets through the gates.
    pub(crate) async fn enter(
        &self,
    ) -> Result<(steadfast_breaker::Permit, steadfast_bulkhead::Permit), Failure> {
        #[cfg(feature = "rate-limit")]
        let mut has_leave = false;
        loop {
            self.wait_for_moment().await?;
            let left = self.left(Phase::Queue)?;
            let permit = self.ask_breaker()?;
            #[cfg(feature = "rate-limit")]
            let Some(permit) = self.ask_limiter(permit, &mut has_leave).await? else {
                continue;
            };
            let mut acquiring = pin!(self.authority.bulkhead.acquire());
            let at_once = poll_fn(|cx| Poll::Ready(acquiring.as_mut().poll(cx))).await;
            if let Poll::Ready(Ok(place)) = at_once {
                return Ok((permit, place));
            }
            // A call that waits for a place is none of the breaker's: it takes no probe, and it is not
            // the server that is slow.
            permit.ignore();
            let acquired = match at_once {
                Poll::Ready(acquired) => acquired,
                Poll::Pending => match tokio::time::timeout(left, acquiring).await {
                    Ok(acquired) => acquired,
                    Err(_) => return Err(Failure::Deadline(Phase::Queue)),
                },
            };
            let place = acquired.map_err(|rejected| {
                Failure::Rejected(Error::BulkheadFull {
                    rejected,
                    request: self.summary(),
                })
            })?;
            // Meanwhile the server may have asked to be left alone, and the circuit may have opened:
            // the queue must not pour into it. A call that must wait does so without a place.
            if self.authority.throttle.left().is_none() {
                return Ok((self.ask_breaker()?, place));
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
