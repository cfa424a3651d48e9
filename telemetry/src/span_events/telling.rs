//! How the current span is told.

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context, KeyValue};

use super::SpanEvents;

impl SpanEvents {
    /// Tells the current span, if these are wanted and it is recorded.
    pub(crate) fn tell<const N: usize>(
        self,
        wanted: Self,
        event: &'static str,
        attributes: impl FnOnce() -> [KeyValue; N],
    ) {
        if !self.contains(wanted) || !Context::map_current(|context| context.has_active_span()) {
            return;
        }
        // Cloned out: a span is code of others, which may use the current context in turn.
        let context = Context::current();
        let span = context.span();
        if span.is_recording() {
            span.add_event(event, attributes().into());
        }
    }
}
