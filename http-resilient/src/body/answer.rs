//! A response on its way to the caller.

use bytes::Bytes;
use http::StatusCode;
use reqwest::{Response, Url};

use super::Head;

/// A response on its way to the caller.
#[derive(Debug)]
pub(crate) enum Answer {
    /// As the caller gets it.
    Whole(Response),
    /// One whose body was small and there at once, and has been read. They are put together at the end, when
    /// nobody else needs the URL of the request any more: that is a copy less.
    InParts(Response, Bytes),
}

impl Answer {
    pub(crate) fn head(&self) -> &Response {
        match self {
            Self::Whole(response) | Self::InParts(response, _) => response,
        }
    }

    pub(crate) fn head_mut(&mut self) -> &mut Response {
        match self {
            Self::Whole(response) | Self::InParts(response, _) => response,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.head().status()
    }

    /// The response with its body.
    pub(crate) fn whole(self) -> Response {
        match self {
            Self::Whole(response) => response,
            Self::InParts(mut response, body) => Head::take(&mut response).with(body.into()),
        }
    }

    /// The response with its body; `url`, that of the request, is given to it if it is its own.
    pub(crate) fn whole_with(self, url: Url) -> Response {
        match self {
            Self::InParts(mut response, body) if *response.url() == url => {
                Head::take_with(&mut response, url).with(body.into())
            }
            answer => answer.whole(),
        }
    }
}
