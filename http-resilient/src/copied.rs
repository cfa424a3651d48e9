//! What a request is made of, to make it again.

use http::{HeaderMap, Method, Version};
use reqwest::{Request, Url};

/// What copies of a request are made of: small, as every request has it and few need it.
pub(crate) enum Copied {
    /// One without headers and body, made by a builder of ours, so that there is nothing else to it.
    Bare(Version),
    /// One without a body, made by a builder of ours. reqwest's own copy would cost three allocations more,
    /// for a timeout that is not there.
    Plain(Box<(HeaderMap, Version)>),
    Whole(Box<Request>),
}

impl Copied {
    /// `None` if the body cannot be copied.
    pub(crate) fn of(request: &Request, is_ours: bool) -> Option<Self> {
        if !is_ours || request.body().is_some() {
            return request.try_clone().map(Box::new).map(Self::Whole);
        }
        let (headers, version) = (request.headers(), request.version());
        Some(match headers.is_empty() {
            true => Self::Bare(version),
            false => Self::Plain(Box::new((headers.clone(), version))),
        })
    }

    pub(crate) fn request(&self, method: &Method, url: &Url) -> Option<Request> {
        let made = || Request::new(method.clone(), url.clone());
        match self {
            Self::Bare(version) => {
                let mut request = made();
                *request.version_mut() = *version;
                Some(request)
            }
            Self::Plain(parts) => {
                let (headers, version) = &**parts;
                let mut request = made();
                *request.headers_mut() = headers.clone();
                *request.version_mut() = *version;
                Some(request)
            }
            Self::Whole(request) => request.try_clone(),
        }
    }
}
