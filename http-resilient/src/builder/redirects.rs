//! Who follows redirects, and how.

use http::HeaderMap;
use reqwest::redirect::Policy;

use super::{Builder, Source};
use crate::client::Http;
#[cfg(feature = "serde")]
use crate::client::reconfigure::Fixed;
use crate::config_error::FieldError;
use crate::redirected::marking;
use crate::redirects::{Following, is_for_one_origin};

/// What has been said of redirects.
pub(super) struct Redirects {
    /// reqwest's policy.
    pub(super) policy: Option<Policy>,
    referer: bool,
    /// The default headers that are for one origin alone. They are kept apart, since reqwest, asked for
    /// each hop, would add them to all.
    for_one_origin: HeaderMap,
}

impl Default for Redirects {
    fn default() -> Self {
        Self {
            policy: None,
            referer: true,
            for_one_origin: HeaderMap::new(),
        }
    }
}

impl Builder {
    /// The redirects that reqwest follows. Default: at most ten.
    ///
    /// reqwest follows them inside one attempt. Breaker, bulkhead and error are those of the authority
    /// that was asked first. See [`own_redirects`](Self::own_redirects) for the other way.
    pub fn redirect(mut self, policy: Policy) -> Self {
        self.redirects.policy = Some(policy);
        self
    }

    /// Has the client follow redirects itself, at most so many for a request; at least 1. Default: reqwest
    /// follows them, unseen, inside one attempt.
    ///
    /// **Each hop passes the patterns of its own authority**: its breaker, its bulkhead, its rate limit, and
    /// a retry that begins again at the hop, not at the start. So a dead server that others redirect to opens
    /// its own circuit, not theirs; and a POST that was redirected to a server that cannot be reached is
    /// tried again, there. The total timeout is one for all hops. Each is an attempt of the
    /// [response's count](crate::ResponseExt::attempts), a span of its own, and a call for the
    /// [budget](Self::budget_share).
    ///
    /// The page of a redirect that is followed is read for its connection's sake, at most 16 KiB of it within
    /// 250 ms, and is held to no limit. A [fallback](Self::fallback) stands in for whatever comes at the
    /// end, and where it redirects is not followed.
    ///
    /// Methods and bodies change as they do with reqwest: 303 becomes a GET without a body, and so does a
    /// POST that is answered by 301 or 302. A redirect that needs a body again that was a stream is returned
    /// as it is, unless there is a [`body_factory`](crate::RequestBuilder::body_factory). Another origin
    /// gets no `Authorization`, `Cookie`, `Proxy-Authorization` or `Host` header of this request or of the
    /// [defaults](Self::default_headers), and in `Referer` only the origin, or nothing. One redirect more than
    /// allowed, and one to a URL that is none of HTTP, is [`Error::Redirect`](crate::Error::Redirect).
    ///
    /// It goes without [`redirect`](Self::redirect), [`reqwest`](Self::reqwest) and
    /// [`client`](Self::client), which follow redirects themselves. The [reqwest client
    /// inside](crate::Client::reqwest) then follows none, and does not send those headers by default. Inside a
    /// chain of middleware, redirects are those of the client at its end.
    pub fn own_redirects(mut self, at_most: u32) -> Self {
        self.settings.own_redirects = Some(at_most);
        self
    }

    /// Whether a redirected request tells where it comes from, in `Referer`. Default `true`.
    ///
    /// As [`reqwest::ClientBuilder::referer`].
    pub fn referer(mut self, enable: bool) -> Self {
        self.redirects.referer = enable;
        self.forward("referer", |builder| builder.referer(enable))
    }

    /// Headers for every request that does not have them itself. Default: `accept: */*` alone.
    ///
    /// As [`reqwest::ClientBuilder::default_headers`].
    pub fn default_headers(mut self, headers: HeaderMap) -> Self {
        let mut open = HeaderMap::new();
        for (name, value) in &headers {
            let kept = match is_for_one_origin(name) {
                true => &mut self.redirects.for_one_origin,
                false => &mut open,
            };
            kept.insert(name, value.clone());
        }
        self.forward("default_headers", |builder| builder.default_headers(open))
    }

    /// What has been said of redirects and does not go together.
    pub(super) fn broken_redirects(&self) -> Vec<FieldError> {
        let mut fields = Vec::new();
        let policy = self.redirects.policy.as_ref();
        if let (Some(policy), Source::Client(_)) = (policy, &self.source) {
            fields.push(FieldError::new(
                "redirect",
                policy,
                "must be set on the reqwest client itself when `client` is used",
            ));
        }
        if let Some(at_most) = self.settings.own_redirects {
            let given = match (policy, &self.source) {
                (Some(_), _) => {
                    Some("must go without `redirect`: they are followed by one or the other")
                }
                (None, Source::Own(_)) => None,
                (None, _) => Some(
                    "must go without `reqwest` and `client`, whose redirects and default headers are their own",
                ),
            };
            fields.extend(given.map(|rule| FieldError::new("own_redirects", &at_most, rule)));
        }
        fields
    }
}

impl Redirects {
    /// The reqwest client, which follows redirects unless `own` says how many are followed here.
    pub(super) fn finish(
        self,
        source: Source,
        own: Option<u32>,
        #[cfg(feature = "serde")] fixed: Fixed,
    ) -> reqwest::Result<Http> {
        let (builder, may_have_timeout) = match source {
            Source::Own(builder) => (builder, false),
            Source::Builder(builder) => (builder, true),
            Source::Client(client) => {
                return Ok(Http {
                    client,
                    tracks_redirects: false,
                    may_have_timeout: true,
                    following: None,
                    #[cfg(feature = "serde")]
                    fixed,
                });
            }
        };
        let mut builder = *builder;
        let mut following = None;
        let policy = match (self.policy, own) {
            (_, Some(at_most)) => {
                following = Some(Following {
                    at_most,
                    referer: self.referer,
                    for_one_origin: self.for_one_origin,
                });
                Some(Policy::none())
            }
            (policy, None) => {
                builder = builder.default_headers(self.for_one_origin);
                policy.or_else(|| (!may_have_timeout).then(Policy::default))
            }
        };
        let tracks_redirects = policy.is_some();
        if let Some(policy) = policy {
            // Where redirects are seen, so are requests that the server has not touched. Where they are not,
            // only reqwest knows that no other server has, and sends them again itself.
            builder = builder
                .redirect(marking(policy))
                .retry(reqwest::retry::never().max_retries_per_request(0));
        }
        Ok(Http {
            client: builder.build()?,
            tracks_redirects,
            may_have_timeout,
            following,
            #[cfg(feature = "serde")]
            fixed,
        })
    }
}
