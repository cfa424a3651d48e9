//! What the spans of all sorts of clients have in common.

use std::borrow::Cow;

use opentelemetry::trace::{Status, TraceContextExt};
use opentelemetry::{Context, KeyValue};

use crate::guard::guarded;
use crate::names;

/// The `error.type` of what was dropped before it was over.
pub(crate) const ABANDONED: &str = "abandoned";

/// Marks the span of `context` as failed.
pub(crate) fn fail(context: &Context, error_type: Cow<'static, str>) {
    let span = context.span();
    span.set_attribute(KeyValue::new(names::ERROR_TYPE, error_type));
    // No description: the conventions want none where the attributes say it.
    span.set_status(Status::error(""));
}

/// Ends the span of `context`, which runs the span processors: code of others, that may not unwind into
/// a destructor.
pub(crate) fn end(context: &Context) {
    guarded(|| context.span().end());
}
