//! The page and its two assets, which are part of the binary.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::OnceLock;

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{OriginalUri, RawPathParams};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use crate::{api, reply};

const INDEX: &str = include_str!("../assets/index.html");
/// One script; its parts share one scope and stand in the order in which they need each other.
const SCRIPT: &str = concat!(
    include_str!("../assets/app/format.js"),
    include_str!("../assets/app/columns.js"),
    include_str!("../assets/app/chart.js"),
    include_str!("../assets/app/tables.js"),
    include_str!("../assets/app/events.js"),
    include_str!("../assets/app/detail.js"),
    include_str!("../assets/app/control.js"),
    include_str!("../assets/app/stream.js"),
    include_str!("../assets/app/main.js"),
);
const STYLE: &str = include_str!("../assets/app.css");

/// Whatever is behind a name with a hash never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The assets under the names that their contents give them.
struct Assets {
    script: Asset,
    style: Asset,
}

struct Asset {
    name: String,
    tag: String,
    media_type: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(extension: &str, media_type: &'static str, body: &'static str) -> Self {
        let hash = hash_of(body);
        Self {
            name: format!("app.{hash:016x}.{extension}"),
            tag: format!("\"{hash:016x}\""),
            media_type,
            body,
        }
    }

    fn url(&self) -> String {
        format!("assets/{}", self.name)
    }
}

fn assets() -> &'static Assets {
    static ASSETS: OnceLock<Assets> = OnceLock::new();
    ASSETS.get_or_init(|| Assets {
        script: Asset::new("js", "text/javascript; charset=utf-8", SCRIPT),
        style: Asset::new("css", "text/css; charset=utf-8", STYLE),
    })
}

/// Tells builds apart, no more; nobody is kept from finding two texts of one hash.
fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// The page, at the mount point.
pub(crate) async fn index(OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    page(&uri, &headers)
}

/// A script or a style sheet.
pub(crate) async fn asset(
    params: Result<RawPathParams, RawPathParamsRejection>,
    headers: HeaderMap,
) -> Response {
    let Assets { script, style } = assets();
    let name = params.as_ref().map_or("", api::own);
    let Some(asset) = [script, style].into_iter().find(|one| one.name == name) else {
        return reply::not_found();
    };
    cached(
        &headers,
        &asset.tag,
        FOR_GOOD,
        asset.media_type,
        asset.body.to_owned(),
    )
}

fn page(uri: &Uri, headers: &HeaderMap) -> Response {
    let Assets { script, style } = assets();
    let text = INDEX
        .replace("{{base}}", &base(uri.path()))
        .replace("{{css}}", &style.url())
        .replace("{{js}}", &script.url());
    let tag = format!("\"{:016x}\"", hash_of(&text));
    cached(headers, &tag, "no-cache", "text/html; charset=utf-8", text)
}

/// What all URLs of the page are relative to. It is itself relative to the URL of the page, so that it is right
/// behind a proxy that takes a prefix away, which only the browser knows of.
fn base(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.is_empty() {
        return "./".to_owned();
    }
    // A path may hold quotes and angle brackets as they are.
    let mut base = String::from("./");
    for character in last.chars() {
        match character {
            '&' => base.push_str("&amp;"),
            '<' => base.push_str("&lt;"),
            '>' => base.push_str("&gt;"),
            '"' => base.push_str("&quot;"),
            '\'' => base.push_str("&#39;"),
            other => base.push(other),
        }
    }
    base.push('/');
    base
}

fn cached(
    headers: &HeaderMap,
    tag: &str,
    caching: &'static str,
    media_type: &'static str,
    body: String,
) -> Response {
    let mut response = if knows(headers, tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, media_type)], body).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// Whether the browser has the very same text.
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(IF_NONE_MATCH).iter();
    known
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == tag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_leads_to_the_mount_point_from_both_of_its_forms() {
        for (path, expected) in [
            ("/", "./"),
            ("", "./"),
            ("/resilience", "./resilience/"),
            ("/resilience/", "./"),
            ("/ops/a:b", "./a:b/"),
            ("/%3Cb%3E", "./%3Cb%3E/"),
            ("/\"><script>", "./&quot;&gt;&lt;script&gt;/"),
        ] {
            assert_eq!(base(path), expected, "{path}");
        }
    }

    #[test]
    fn a_tag_is_known_in_every_form_in_which_browsers_send_it() {
        let is_known = |sent: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(sent));
            knows(&headers, "\"a\"")
        };
        assert!(is_known("\"a\""));
        assert!(is_known("\"b\", W/\"a\""));
        assert!(is_known("*"));
        assert!(!is_known("\"b\""));
    }
}
