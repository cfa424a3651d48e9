use std::time::Duration;

use reqwest::{Request, Response};

use crate::body::Answer;
use crate::client::Shared;
use crate::error::Error;
use crate::options::Options;

#[derive(Debug)]
pub(crate) struct CallSpan;

#[derive(Debug)]
pub(crate) struct AttemptSpan;

#[expect(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "the twin of what the feature does"
)]
impl CallSpan {
    pub(crate) fn begin(_: &Shared, _: &Request, _: &Options) -> Self {
        Self
    }

    pub(crate) fn redirected(&mut self, _: &Shared, _: &Request) {}

    pub(crate) fn attempt(&self, _: u32, _: &mut Request) -> AttemptSpan {
        AttemptSpan
    }

    pub(crate) fn waits(&self, _: Duration) {}

    pub(crate) fn rejected(&self, _: &'static str) {}

    pub(crate) fn end(&self, _: &Result<Answer, Error>, _: u32) {}
}

#[expect(
    clippy::unused_self,
    clippy::needless_pass_by_ref_mut,
    reason = "the twin of what the feature does"
)]
impl AttemptSpan {
    pub(crate) fn answered(&mut self, _: &Response) {}

    pub(crate) fn failed(self, _: &'static str) {}

    pub(crate) fn ended(self, _: Option<&'static str>) {}
}
