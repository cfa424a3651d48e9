//! `POST api/control`: what a request must look like before anything is done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::action::{Action, Verb};
use super::authorise::{Allowed, Denied};
use super::perform::{self, Refused};
use crate::hub::{Hub, parts};
use crate::metrics::Outcome;
use crate::reply;
use crate::view::{Severity, Told};

/// The body is small.
const MOST_BYTES: usize = 4096;

/// The body is sent at once; whoever lets it trickle holds a connection for no longer than this.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// A mode lasts a day at most; for longer, set it without an end.
const MOST_SECONDS: u64 = 24 * 60 * 60;

/// The name in the log of what is said of no component: one for all, so that it is told once in a while only.
const NOBODY: &str = "controls";

/// How long a reason is, in characters.
const REASON: std::ops::RangeInclusive<usize> = 3..=200;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    action: String,
    component: String,
    reason: String,
    for_seconds: Option<u64>,
    max_concurrent: Option<usize>,
}

/// A status, and one line that helps.
type Refusal = (StatusCode, String);

pub(crate) async fn post(State(hub): State<Arc<Hub>>, request: Request) -> Response {
    match answer(&hub, request).await {
        Ok(done) => reply::json(StatusCode::OK, &done),
        Err((status, text)) => reply::error(status, &text),
    }
}

#[derive(Serialize)]
struct Done {
    seq: u64,
    text: String,
}

async fn answer(hub: &Arc<Hub>, request: Request) -> Result<Done, Refusal> {
    let Some(desk) = &hub.desk else {
        return Err((StatusCode::NOT_FOUND, "controls are off".to_owned()));
    };
    let (parts, body) = request.into_parts();
    is_json(&parts.headers)?;
    is_of_the_page(&parts)?;
    let body = read(body).await?;
    let action = parse(&body).map_err(|text| (StatusCode::BAD_REQUEST, text))?;
    // Code of others: a panic must not pass for a permission, nor take the connection along.
    let asked = catch_unwind(AssertUnwindSafe(|| {
        desk.authoriser.authorise(&parts, &action)
    }));
    let allowed = match asked {
        Ok(Ok(allowed)) => allowed,
        Ok(Err(denied)) => return Err(deny(hub, &action, &denied)),
        Err(_) => {
            let denied = Denied::because("the authoriser panicked");
            let (_, text) = deny(hub, &action, &denied);
            return Err((StatusCode::INTERNAL_SERVER_ERROR, text));
        }
    };
    if !desk.is_within_limit() {
        let text = "too many changes at once; try again in a second";
        let refused = Refused::new(StatusCode::TOO_MANY_REQUESTS, text);
        return Err(refuse(hub, &action, &allowed, refused));
    }
    let done = perform::perform(hub, desk, &action, &allowed).await;
    done.map(|done| record(hub, &action, &allowed, done))
        .map_err(|refused| refuse(hub, &action, &allowed, refused))
}

async fn read(body: Body) -> Result<Bytes, Refusal> {
    match timeout(BODY_WITHIN, to_bytes(body, MOST_BYTES)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => {
            let text = format!("the body must not be longer than {MOST_BYTES} bytes");
            Err((StatusCode::PAYLOAD_TOO_LARGE, text))
        }
        Err(_) => {
            let text = format!("the body must be there within {BODY_WITHIN:?}");
            Err((StatusCode::REQUEST_TIMEOUT, text))
        }
    }
}

fn record(hub: &Hub, action: &Action, allowed: &Allowed, done: perform::Done) -> Done {
    hub.counters.control(action.verb, Outcome::Done);
    tracing::info!(
        target: "steadfast_dashboard",
        action = action.verb.as_str(),
        component = ?action.component,
        by = %allowed.by,
        reason = %action.reason,
        "control: {}",
        done.text
    );
    Done {
        seq: done.seq,
        text: done.text,
    }
}

fn deny(hub: &Hub, action: &Action, denied: &Denied) -> Refusal {
    hub.counters.control(action.verb, Outcome::Denied);
    tracing::warn!(
        target: "steadfast_dashboard",
        action = action.verb.as_str(),
        component = ?action.component,
        "control denied: {denied}"
    );
    note(hub, action, NOBODY, format!("denied: {denied}"), None);
    (StatusCode::FORBIDDEN, denied.to_string())
}

fn refuse(hub: &Hub, action: &Action, allowed: &Allowed, refused: Refused) -> Refusal {
    hub.counters.control(action.verb, Outcome::Refused);
    let Refused { status, text } = refused;
    tracing::info!(
        target: "steadfast_dashboard",
        action = action.verb.as_str(),
        component = ?action.component,
        by = %allowed.by,
        "control refused: {text}"
    );
    let (_, name, _) = parts(&action.component).unwrap_or_default();
    let name = if hub.has_row(&action.component) {
        name
    } else {
        NOBODY
    };
    let said = format!("refused: {text}: {}", action.reason);
    note(hub, action, name, said, Some(&allowed.by));
    (status, text)
}

/// Writes into the log what was not done. As noise: whoever may not change anything must not be able to push out of the
/// log what others have done.
fn note(hub: &Hub, action: &Action, name: &str, said: String, by: Option<&Arc<str>>) {
    let component = hub
        .has_row(&action.component)
        .then(|| action.component.clone());
    let of = component.as_deref().unwrap_or("an unknown component");
    let told = Told {
        kind: "control",
        severity: Severity::Warning,
        name: name.to_owned(),
        text: format!("{} of {of} {said}", action.verb),
        component,
        noisy: true,
    };
    hub.tell(told, by.map(Arc::clone));
}

fn is_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let essence = media_type.and_then(|it| it.split(';').next());
    if essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let text = "the content type must be application/json".to_owned();
    Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, text))
}

/// Whether the request can only come from a page of the same origin: no other page can set the header without asking
/// first, and a browser tells where a request comes from.
fn is_of_the_page(parts: &Parts) -> Result<(), Refusal> {
    let forbid = |text: &str| Err((StatusCode::FORBIDDEN, text.to_owned()));
    let header = |name: &str| parts.headers.get(name).and_then(|it| it.to_str().ok());
    if header("x-resilience-csrf") != Some("1") {
        return forbid("the header x-resilience-csrf: 1 is missing");
    }
    match (header("sec-fetch-site"), header(ORIGIN.as_str())) {
        (Some("same-origin"), _) => Ok(()),
        (Some(_), _) => forbid("the request comes from another origin"),
        (None, Some(origin)) if is_origin(origin, parts) => Ok(()),
        (None, Some(_)) => forbid("the origin is not the host"),
        (None, None) => {
            forbid("the request must say that it is of the same origin: sec-fetch-site, or origin")
        }
    }
}

fn is_origin(origin: &str, parts: &Parts) -> bool {
    let Ok(origin) = origin.parse::<Uri>() else {
        return false;
    };
    // HTTP/2 has no host header.
    let host = parts.headers.get(HOST).and_then(|it| it.to_str().ok());
    let host = host
        .and_then(|host| host.parse::<Authority>().ok())
        .or_else(|| parts.uri.authority().cloned());
    let plain = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    match (origin.authority(), host) {
        (Some(one), Some(other)) => {
            one.host().eq_ignore_ascii_case(other.host())
                && one.port_u16().unwrap_or(plain) == other.port_u16().unwrap_or(plain)
        }
        _ => false,
    }
}

fn parse(body: &[u8]) -> Result<Action, String> {
    let form: Form = serde_json::from_slice(body)
        .map_err(|error| format!("the body is not as it must be: {error}"))?;
    let Some(verb) = Verb::named(&form.action) else {
        let known = Verb::ALL.map(Verb::as_str).join(", ");
        return Err(format!("action must be one of {known}"));
    };
    let reason = form.reason.trim();
    if !REASON.contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        return Err("reason must be one line of 3 to 200 characters".to_owned());
    }
    let lasts = match form.for_seconds {
        None => None,
        Some(_) if !verb.can_end() => {
            return Err(format!("for_seconds is not for {verb}"));
        }
        Some(seconds @ 1..=MOST_SECONDS) => Some(Duration::from_secs(seconds)),
        Some(_) => {
            return Err(format!(
                "for_seconds must be from 1 to {MOST_SECONDS}; leave it out to set a mode until it is changed"
            ));
        }
    };
    match (verb, form.max_concurrent) {
        (Verb::SetLimit, None) => return Err("set_limit needs max_concurrent".to_owned()),
        (Verb::SetLimit, Some(_)) | (_, None) => {}
        (_, Some(_)) => return Err(format!("max_concurrent is not for {verb}")),
    }
    Ok(Action {
        verb,
        component: form.component,
        reason: reason.to_owned(),
        lasts,
        max_concurrent: form.max_concurrent,
    })
}

#[cfg(test)]
mod tests;
