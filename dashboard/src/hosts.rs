//! The names under which the dashboard answers.
//!
//! A page can have its own domain pointed at the address of the dashboard once it is open (DNS rebinding). To the
//! browser both are one origin then, and nothing but the name in the request gives it away. So this is about names,
//! and about browsers: an address cannot be pointed elsewhere, and what is no browser can name any host it likes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::HOST;
use axum::middleware::Next;
use axum::response::Response;

use crate::hub::Hub;
use crate::reply;

/// The longest name that DNS has.
const LONGEST: usize = 253;

/// The longest part of one, between two dots.
const LONGEST_PART: usize = 63;

/// A host; two spellings of one are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    Address(IpAddr),
    /// In lower case, and without the dot that may end it.
    Name(String),
}

impl Host {
    /// As it is listed: without a port.
    pub(crate) fn listed(text: &str) -> Option<Self> {
        let bare = text.parse().ok().map(Self::Address);
        bare.or_else(|| Self::new(text))
    }

    /// As a request names it: with or without a port.
    fn named(text: &str) -> Option<Self> {
        let end = match text.strip_prefix('[') {
            Some(_) => text.find(']')? + 1,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (host, port) = text.split_at(end);
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        port.then(|| Self::new(host))?
    }

    fn new(text: &str) -> Option<Self> {
        if let Some(rest) = text.strip_prefix('[') {
            let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        is_name(name).then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

fn is_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_part =
        |part: &str| (1..=LONGEST_PART).contains(&part.len()) && part.bytes().all(is_letter);
    text.len() <= LONGEST && text.split('.').all(is_part)
}

/// Lets a request through unless it names a host that is not listed. A proxy may look at one of the places that name
/// a host and a browser at another, so all of them count; who names none is no browser.
pub(crate) async fn check(State(hub): State<Arc<Hub>>, request: Request, next: Next) -> Response {
    let Some(listed) = &hub.settings.hosts else {
        return next.run(request).await;
    };
    let authority = request.uri().authority().map(|it| it.as_str().as_bytes());
    let headers = request.headers().get_all(HOST).iter();
    let named = authority.into_iter().chain(headers.map(|it| it.as_bytes()));
    for text in named {
        let host = std::str::from_utf8(text).ok().and_then(Host::named);
        match host {
            None => return refused("what the request names as its host is none"),
            Some(Host::Address(_)) => {}
            Some(host) if listed.contains(&host) => {}
            Some(Host::Name(name)) => {
                return refused(&format!(
                    "this dashboard does not answer for the host {name}: `Builder::hosts` allows it"
                ));
            }
        }
    }
    next.run(request).await
}

fn refused(why: &str) -> Response {
    reply::error(StatusCode::MISDIRECTED_REQUEST, why)
}
