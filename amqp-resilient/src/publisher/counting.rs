//! What is told of a publish to those who watch.

use std::sync::Arc;

use crate::hub::Hub;
use crate::message::Message;
use crate::publish_error::PublishError;
use crate::spans::PublishSpan;

/// Counts a publish, and ends its span, when it ends or is dropped before that.
pub(super) struct Counting {
    hub: Option<Arc<Hub>>,
    pub(super) span: PublishSpan,
}

impl Counting {
    pub(super) fn begin(hub: &Arc<Hub>, message: &mut Message) -> Self {
        Self {
            span: PublishSpan::begin(hub, message),
            hub: Some(Arc::clone(hub)),
        }
    }

    /// `None` if the message was confirmed.
    pub(super) fn ended(mut self, error: Option<&PublishError>) {
        if let Some(hub) = self.hub.take() {
            hub.publishes.ended(error);
        }
        self.span.ended(error);
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if let Some(hub) = &self.hub {
            hub.publishes.abandoned();
        }
    }
}
