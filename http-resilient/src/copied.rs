//! What a request is made of, to make it again.

use http::{HeaderMap, Method, Version};
use reqwest::{Request, Url};

/// What copies of a request are made of.
pub(crate) enum Copied {
    /// One without a body, made by a builder of ours, so that there is nothing else to it. reqwest's own
    /// copy would cost three allocations more, for a timeout that is not there.
    Plain {
        headers: HeaderMap,
        version: Version,
    },
    Whole(Box<Request>),
}

impl Copied {
    /// `None` if the body cannot be copied.
    pub(crate) fn of(request: &Request, is_ours: bool) -> Option<Self> {
        if is_ours && request.body().is_none() {
            return Some(Self::Plain {
                headers: request.headers().clone(),
                version: request.version(),
            });
        }
        request.try_clone().map(Box::new).map(Self::Whole)
    }

    pub(crate) fn request(&self, method: &Method, url: &Url) -> Option<Request> {
        match self {
            Self::Plain { headers, version } => {
                let mut request = Request::new(method.clone(), url.clone());
                *request.headers_mut() = headers.clone();
                *request.version_mut() = *version;
                Some(request)
            }
            Self::Whole(request) => request.try_clone(),
        }
    }
}
