//! Who may do what: whoever says who it is.

use axum::extract::Request;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use steadfast_dashboard::{Action, Allowed, Denied};

/// Who is signed in, by a header or a cookie.
fn operator(headers: &HeaderMap) -> Option<String> {
    if let Some(name) = headers.get("operator") {
        return name.to_str().ok().map(str::to_owned);
    }
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    let mut pairs = cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, name) = pairs.find(|(key, _)| *key == "operator")?;
    Some(name.to_owned())
}

pub(crate) fn operators_only(request: &Parts, _: &Action) -> Result<Allowed, Denied> {
    match operator(&request.headers) {
        Some(name) => Ok(Allowed::by(name)),
        None => Err(Denied::because("sign in as an operator first")),
    }
}

pub(crate) async fn signed_in(request: Request, next: Next) -> Response {
    match operator(request.headers()) {
        Some(_) => next.run(request).await,
        None => (StatusCode::UNAUTHORIZED, "sign in first").into_response(),
    }
}
