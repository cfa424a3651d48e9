//! The spans and metrics of messaging clients, without OpenTelemetry types in their signatures.
//!
//! ```text
//!   MessagingPublish  PRODUCER   publish orders:order.created     from the call to the answer
//!    ├─ event    resilience.sent    resilience.attempts 1
//!    ├─ event    resilience.retry   the connection was lost
//!    └─ event    resilience.sent    resilience.attempts 2: the same message, under the same context
//! ```
//!
//! An attempt is an event, and no span of its own as with HTTP. The conventions have one span for each
//! message that is sent, whose context the message carries and its consumers link to. A message that is
//! sent again is the same message: which of the copies arrived, nobody knows, so all of them lead to
//! the one span. And HTTP has a convention for re-sent requests, where messaging has none: a CLIENT
//! span for each attempt would be a second `publish` in every count of operations.

mod attributes;
mod metrics;
mod publish;
mod series;
mod start;

pub(crate) use metrics::MessagingMetrics;
pub use publish::MessagingPublish;
pub use start::MessagingStart;
