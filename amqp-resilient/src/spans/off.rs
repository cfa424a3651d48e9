use std::time::Duration;

use crate::hub::Hub;
use crate::message::Message;
use crate::publish_error::PublishError;

pub(crate) struct PublishSpan;

#[expect(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "the twin of what the feature does"
)]
impl PublishSpan {
    pub(crate) fn begin(_: &Hub, _: &mut Message) -> Self {
        Self
    }

    pub(crate) fn sent(&mut self) {}

    pub(crate) fn answered(&mut self, _: Option<&'static str>) {}

    pub(crate) fn waits(&self, _: Duration) {}

    pub(crate) fn ended(&mut self, _: Option<&PublishError>) {}
}
