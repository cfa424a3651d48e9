//! Who may operate the controls: whoever shows the token.

use std::fmt;
use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use steadfast_dashboard::{Action, Allowed, Authorise, Denied};

use crate::config::Secret;

/// Lets those through who show the token: `Authorization: Bearer TOKEN`, or `Basic`, with any name and the token
/// for a password. The name is that of the operator then.
#[derive(Clone)]
pub(super) struct Guard {
    token: Arc<Secret>,
}

impl Guard {
    pub(super) fn new(token: &Secret) -> Self {
        Self {
            token: Arc::new(token.clone()),
        }
    }

    /// A page that makes a browser ask for name and token, and leads back to the dashboard. From then on the
    /// browser shows them by itself to whatever is beside it.
    pub(super) fn sign_in(&self, headers: &HeaderMap, home: &str) -> Response {
        if self.who(headers).is_some() {
            return Redirect::to(home).into_response();
        }
        let ask = HeaderValue::from_static("Basic realm=\"resilience\", charset=\"UTF-8\"");
        let no_store = HeaderValue::from_static("no-store");
        let headers = [
            (header::WWW_AUTHENTICATE, ask),
            (header::CACHE_CONTROL, no_store),
        ];
        let text = "name: yours; password: the token of [dashboard] controls_token";
        (StatusCode::UNAUTHORIZED, headers, text).into_response()
    }

    /// The name of who shows the token; nothing if it is not shown.
    fn who(&self, headers: &HeaderMap) -> Option<String> {
        let shown = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, credentials) = shown.split_once(' ')?;
        let credentials = credentials.trim();
        let (name, token) = if scheme.eq_ignore_ascii_case("bearer") {
            ("token".to_owned(), credentials.to_owned())
        } else if scheme.eq_ignore_ascii_case("basic") {
            let decoded = BASE64_STANDARD.decode(credentials).ok()?;
            let decoded = String::from_utf8(decoded).ok()?;
            let (name, token) = decoded.split_once(':')?;
            (name.to_owned(), token.to_owned())
        } else {
            return None;
        };
        let name = if name.trim().is_empty() {
            "token".to_owned()
        } else {
            name
        };
        same(token.as_bytes(), self.token.expose().as_bytes()).then_some(name)
    }
}

impl Authorise for Guard {
    fn authorise(&self, request: &Parts, _: &Action) -> Result<Allowed, Denied> {
        match self.who(&request.headers) {
            Some(name) => Ok(Allowed::by(name)),
            None => Err(Denied::because(SIGN_IN)),
        }
    }
}

/// What the page says then. Relative, for a proxy may have put the page elsewhere.
const SIGN_IN: &str =
    "you are not signed in: open ./sign-in, relative to this page, in this browser first";

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

/// Whether both are the same; takes as long whatever they have in common.
fn same(shown: &[u8], token: &[u8]) -> bool {
    let differences = shown
        .iter()
        .zip(token.iter().chain(std::iter::repeat(&0)))
        .fold(shown.len() ^ token.len(), |found, (one, other)| {
            std::hint::black_box(found | usize::from(one ^ other))
        });
    differences == 0 && !token.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        headers
    }

    #[test]
    fn only_the_token_itself_opens() {
        let guard = Guard::new(&Secret::new("open sesame"));
        let who = |value: &str| guard.who(&shown(value));
        let basic = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        assert_eq!(who("Bearer open sesame").as_deref(), Some("token"));
        assert_eq!(who(&basic("alice:open sesame")).as_deref(), Some("alice"));
        assert_eq!(who(&basic(":open sesame")).as_deref(), Some("token"));
        for wrong in [
            "Bearer ",
            "Bearer open sesam",
            "Bearer open sesame!",
            "Digest x",
            "open sesame",
        ] {
            assert_eq!(who(wrong), None, "{wrong}");
        }
        assert_eq!(who(&basic("open sesame")), None);
        assert_eq!(who(&basic("alice:")), None);
        assert_eq!(guard.who(&HeaderMap::new()), None);
    }

    #[test]
    fn an_empty_token_opens_to_nobody() {
        let guard = Guard::new(&Secret::new(""));
        assert_eq!(guard.who(&shown("Bearer ")), None);
    }
}
