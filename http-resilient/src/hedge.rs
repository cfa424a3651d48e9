//! Hedged requests: a second attempt while the first one is slow.

use steadfast_retry::{Hedge, Verdict};

use crate::body::Answer;
use crate::call::Call;
use crate::classify::is_retryable;
use crate::error::Error;
use crate::leg::{Leg, Slot};

impl Call<'_> {
    /// By what the request is hedged, if it is, and may be sent twice at the same time.
    pub(crate) fn hedge(&self) -> Option<&Hedge> {
        if !self.idempotent || !self.replayable || self.options.adopted.once {
            return None; // who called us may send it again, and must not for what was sent twice here
        }
        match &self.options.hedge {
            Some(own) => own.as_ref(),
            // It may be switched off by a config.
            None => self.settings.hedge.and(self.shared.hedge.as_ref()),
        }
    }

    /// Sends the request, and again while that is slow. Only the first one is retried: hedges that were
    /// too would multiply, and the budget could not tell for what.
    ///
    /// # Cancel safety
    /// As that of a [`Leg`], for each of them.
    /// Races attempts, and leaves the result in `slot`.
    pub(crate) async fn hedged(&self, hedge: &Hedge, slot: &Slot) {
        let race = hedge.classify(|result| {
            let verdict = verdict(result);
            if matches!(verdict, Verdict::Accept | Verdict::Stop) {
                // What else is in flight will be dropped, and the server has no part in that.
                self.decide();
            }
            verdict
        });
        let racing = race.call(|attempt| async move {
            let leg = Leg::new(self);
            if attempt.is_hedge() {
                leg.once().await
            } else {
                leg.run().await;
                leg.result()
            }
        });
        let mut result = racing.await;
        if let Err(error) = &mut result {
            // It was made when its own attempt was over; what others have sent belongs to it as well.
            error.renew(|| self.summary());
        }
        *slot.lock() = Some(result);
    }
}

/// What the result of an attempt means for those beside it.
fn verdict(result: &Result<Answer, Error>) -> Verdict {
    match result {
        Ok(answer) if is_retryable(answer.status()) => Verdict::Retry,
        Ok(_) => Verdict::Accept,
        // Another could not fare better.
        Err(Error::InvalidRequest { .. } | Error::BodyTooLarge { .. }) => Verdict::Stop,
        Err(Error::CircuitOpen { .. } | Error::BulkheadFull { .. } | Error::Throttled { .. }) => {
            Verdict::Rejected(None)
        }
        Err(_) => Verdict::Retry,
    }
}
