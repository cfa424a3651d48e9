//! A policy is watched part by part.

use steadfast_telemetry::{Telemetry, Watch};

use super::Policy;

/// Watches its breaker, bulkhead, hedge and retry.
#[cfg_attr(docsrs, doc(cfg(feature = "telemetry")))]
impl Watch for Policy {
    fn watched_by(&self, telemetry: &Telemetry) {
        if let Some(retry) = self.retry() {
            telemetry.watch(retry);
        }
        if let Some(hedge) = self.hedge() {
            telemetry.watch(hedge);
        }
        if let Some(breaker) = self.breaker() {
            telemetry.watch(breaker);
        }
        if let Some(bulkhead) = self.bulkhead() {
            telemetry.watch(bulkhead);
        }
    }
}
