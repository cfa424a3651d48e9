//! One hop: what a request becomes where it is redirected.
//!
//! The rules are those of reqwest's redirects, which are tower-http's: RFC 9110, section 15.4, with what
//! browsers have always done to a POST.

use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, LOCATION,
    PROXY_AUTHORIZATION, REFERER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
use reqwest::{Body, Request, Response, Url};

use crate::response::{ResponseExt, ServedBy};

/// The headers that are for one origin alone.
const SECRETS: [HeaderName; 5] = [
    AUTHORIZATION,
    COOKIE,
    HeaderName::from_static("cookie2"),
    PROXY_AUTHORIZATION,
    WWW_AUTHENTICATE,
];

/// Whether a header is for one origin alone: a secret, or its name.
pub(crate) fn is_for_one_origin(name: &HeaderName) -> bool {
    *name == HOST || SECRETS.contains(name)
}

/// A request before it is sent: what the next one is made of.
pub(crate) struct Hop {
    method: Method,
    url: Url,
    headers: HeaderMap,
    version: Version,
    timeout: Option<Duration>,
    body: Again,
}

/// The body, once more.
enum Again {
    Empty,
    Copy(Option<Body>),
    /// It is made anew for each attempt, also of this hop.
    Made,
    /// It was a stream.
    Gone,
}

/// What a request becomes.
pub(super) struct Next {
    pub(super) request: Request,
    /// Whether it goes without the body that it had.
    pub(super) without_body: bool,
}

impl Hop {
    /// `is_made` if the body is made anew for each attempt.
    pub(super) fn of(request: &Request, is_made: bool) -> Self {
        Self {
            method: request.method().clone(),
            url: request.url().clone(),
            headers: request.headers().clone(),
            version: request.version(),
            timeout: request.timeout().copied(),
            body: match (is_made, request.body()) {
                (true, _) => Again::Made,
                (false, None) => Again::Empty,
                (false, Some(_)) => match request.try_clone() {
                    Some(mut copy) => Again::Copy(copy.body_mut().take()),
                    None => Again::Gone,
                },
            },
        }
    }

    /// Where `response` leads: with which method, whether with the body, and to which URL. `None` if it is
    /// no redirect, leads nowhere, or needs a body that is gone: the caller gets the response then.
    fn target(&self, response: &Response) -> Option<(Method, bool, Url)> {
        // A fallback's answer is for the caller, whatever it says.
        if response.served_by() == ServedBy::Fallback {
            return None;
        }
        let (method, keeps_body) = redirected(response.status(), &self.method)?;
        if keeps_body && matches!(self.body, Again::Gone) {
            return None;
        }
        let location = response.headers().get(LOCATION)?;
        let location = std::str::from_utf8(location.as_bytes()).ok()?;
        let url = self.url.join(location).ok()?;
        Some((method, keeps_body, url))
    }

    /// Whether `response` is followed, so that nobody reads it.
    pub(crate) fn is_followed(&self, response: &Response) -> bool {
        self.target(response).is_some()
    }

    /// The request that `response` redirects this one to, if it does.
    pub(super) fn next(self, response: &Response, referer: bool) -> Option<Next> {
        let (method, keeps_body, url) = self.target(response)?;
        let mut headers = self.headers;
        let body = match self.body {
            Again::Copy(body) if keeps_body => body,
            _ => None,
        };
        if !keeps_body {
            for name in [
                CONTENT_TYPE,
                CONTENT_LENGTH,
                CONTENT_ENCODING,
                TRANSFER_ENCODING,
            ] {
                headers.remove(name);
            }
        }
        if origin(&url) != origin(&self.url) {
            for name in SECRETS {
                headers.remove(name);
            }
            headers.remove(HOST); // it would name the other one
            headers.remove(REFERER);
        }
        if referer {
            match referer_of(&url, &self.url) {
                Some(referer) => headers.insert(REFERER, referer),
                None => headers.remove(REFERER),
            };
        }
        let mut request = Request::new(method, url);
        *request.headers_mut() = headers;
        *request.version_mut() = self.version;
        *request.timeout_mut() = self.timeout;
        *request.body_mut() = body;
        Some(Next {
            request,
            without_body: !keeps_body,
        })
    }
}

/// With which method a redirect is followed, and whether the body goes along.
fn redirected(status: StatusCode, method: &Method) -> Option<(Method, bool)> {
    match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND if *method == Method::POST => {
            Some((Method::GET, false))
        }
        StatusCode::SEE_OTHER if *method == Method::HEAD => Some((Method::HEAD, false)),
        StatusCode::SEE_OTHER => Some((Method::GET, false)),
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => Some((method.clone(), true)),
        _ => None,
    }
}

fn origin(url: &Url) -> (&str, Option<&str>, Option<u16>) {
    (url.scheme(), url.host_str(), url.port_or_known_default())
}

/// What says that a request comes from `from`: another origin learns no more than the origin, and none
/// learns credentials, or what came over TLS where there is none. As browsers do by default
/// (`strict-origin-when-cross-origin`).
fn referer_of(to: &Url, from: &Url) -> Option<HeaderValue> {
    if to.scheme() == "http" && from.scheme() == "https" {
        return None;
    }
    let mut referer = from.clone();
    referer.set_username("").ok()?;
    referer.set_password(None).ok()?;
    referer.set_fragment(None);
    if origin(to) != origin(from) {
        referer.set_path("/");
        referer.set_query(None);
    }
    HeaderValue::try_from(String::from(referer)).ok()
}

#[cfg(test)]
mod tests;
