//! URLs as requests are given them: whole, or relative to the client's base.

use std::fmt;

use http::Method;
use reqwest::Url;

use crate::config_error::FieldError;
use crate::summary::redact;

/// What can be the URL of a request: a [`Url`], or text. The types are those of
/// [`reqwest::IntoUrl`]; beyond it, text may be relative to
/// [`base_url`](crate::Builder::base_url). Sealed.
pub trait IntoUrl: reqwest::IntoUrl + sealed::Text {}

impl IntoUrl for Url {}
impl IntoUrl for String {}
impl IntoUrl for &str {}
impl IntoUrl for &String {}

mod sealed {
    use reqwest::Url;

    #[expect(unnameable_types, reason = "nobody else is to implement `IntoUrl`")]
    pub trait Text {
        /// The URL as text, which may be relative; `None` if it is whole.
        fn text(&self) -> Option<&str>;

        /// The whole URL, or why there is none.
        fn whole(&self) -> Result<Url, String>;
    }

    impl Text for Url {
        fn text(&self) -> Option<&str> {
            None
        }

        fn whole(&self) -> Result<Url, String> {
            Ok(self.clone())
        }
    }

    impl Text for &str {
        fn text(&self) -> Option<&str> {
            Some(self)
        }

        fn whole(&self) -> Result<Url, String> {
            Url::parse(self).map_err(|error| error.to_string())
        }
    }

    impl Text for String {
        fn text(&self) -> Option<&str> {
            Some(self)
        }

        fn whole(&self) -> Result<Url, String> {
            self.as_str().whole()
        }
    }

    impl Text for &String {
        fn text(&self) -> Option<&str> {
            Some(self)
        }

        fn whole(&self) -> Result<Url, String> {
            self.as_str().whole()
        }
    }
}

/// Starts a request of `http`. A URL that is none is left to reqwest, which tells when it is sent.
pub(crate) fn request<U: IntoUrl>(
    http: &reqwest::Client,
    base: Option<&BaseUrl>,
    method: Method,
    url: U,
) -> reqwest::RequestBuilder {
    match base.and_then(|base| base.join(url.text()?)) {
        Some(joined) => http.request(method, joined),
        None => http.request(method, url),
    }
}

pub(crate) const BASE_RULE: &str =
    "must be a whole URL of http or https, without query and fragment";

/// The URL that relative ones begin at, or why it is none: told when the client is built.
#[derive(Clone, PartialEq)]
pub(crate) struct BaseUrl(Result<Url, String>);

impl BaseUrl {
    pub(crate) fn new<U: IntoUrl>(url: &U) -> Self {
        Self(url.whole())
    }

    fn join(&self, text: &str) -> Option<Url> {
        self.0.as_ref().ok()?.join(text).ok()
    }

    /// The complaint, if it breaks its rule. A text that is no URL is not repeated: there is no telling
    /// what in it is secret.
    pub(crate) fn broken(&self) -> Option<FieldError> {
        let is_fine = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        match &self.0 {
            Ok(url) if is_fine(url) => None,
            Ok(_) => Some(FieldError::new("base_url", self, BASE_RULE)),
            Err(reason) => Some(FieldError::of("base_url", reason, BASE_RULE)),
        }
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(url) => {
                let mut url = url.clone();
                redact(&mut url);
                fmt::Debug::fmt(url.as_str(), f)
            }
            Err(reason) => f.write_str(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::Text;
    use super::*;

    fn joined(base: &str, text: &str) -> String {
        BaseUrl::new(&base).join(text).unwrap().into()
    }

    #[test]
    fn joins_as_a_browser_does() {
        for (base, text, expected) in [
            ("http://api/v1/", "users/7", "http://api/v1/users/7"),
            (
                "http://api/v1/",
                "users?page=2",
                "http://api/v1/users?page=2",
            ),
            ("http://api/v1/", "", "http://api/v1/"),
            ("http://api/v1/", "/v2", "http://api/v2"),
            ("http://api/v1/", "../v2/x", "http://api/v2/x"),
            ("http://api/v1", "users", "http://api/users"),
            ("http://api", "users", "http://api/users"),
            ("https://api/", "//cdn/logo", "https://cdn/logo"),
            ("http://me:key@api/", "users", "http://me:key@api/users"),
        ] {
            assert_eq!(joined(base, text), expected, "{base} and {text}");
        }
    }

    #[test]
    fn a_whole_url_stands_as_it_is_and_goes_without_the_credentials_of_the_base() {
        let other = "https://other.example/x?y#z";
        assert_eq!(joined("http://me:key@api/v1/", other), other);
        assert_eq!(Url::parse(other).unwrap().text(), None);
    }

    #[test]
    fn the_rule_of_a_base_and_no_secret_in_the_complaint() {
        for fine in ["http://api", "https://user:hunter2@api:8443/v1/"] {
            let base = BaseUrl::new(&fine);
            assert_eq!(base.broken(), None, "{fine}");
            assert!(!format!("{base:?}").contains("hunter2"));
        }
        for broken in [
            "",
            "/v1/",
            "api.example/v1",
            "ftp://api/",
            "mailto:hunter2@api",
            "http://api/?token=hunter2",
            "http://api/#top",
            "http://user:hunter2@ap i/",
        ] {
            let complaint = BaseUrl::new(&broken).broken();
            let complaint = complaint.unwrap_or_else(|| panic!("{broken}")).to_string();
            assert!(complaint.starts_with("base_url = "), "{complaint}");
            let tells = complaint.contains("hunter2") && !broken.starts_with("mailto");
            assert!(!tells, "{complaint}");
        }
    }
}
