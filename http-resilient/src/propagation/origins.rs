//! Which servers are told.

/// An allow list of servers, for [`Propagation`](crate::Propagation).
///
/// A server that is not your own has no use for the headers of your services, and some refuse what they
/// do not know. So nobody is on it by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(List);

#[derive(Debug, Clone, PartialEq, Eq)]
enum List {
    Any,
    /// In lower case.
    Of(Vec<String>),
}

impl Origins {
    /// Nobody. The default.
    #[must_use]
    pub const fn none() -> Self {
        Self(List::Of(Vec::new()))
    }

    /// Everybody: for clients that call services of your own alone.
    #[must_use]
    pub const fn any() -> Self {
        Self(List::Any)
    }

    /// These, each one as
    ///
    /// - `stock.example`: this host, on every port;
    /// - `stock.example:8443`: this host on this port;
    /// - `*.internal`, `*.internal:443`: the hosts below this domain, at any depth, not the domain
    ///   itself;
    /// - an address: `10.0.0.7:8080`, `[::1]:8080`.
    ///
    /// Upper and lower case are the same. One of no such form is reported by
    /// [`Builder::build`](crate::Builder::build).
    ///
    /// # Examples
    /// ```
    /// use steadfast_http::Origins;
    ///
    /// let origins = Origins::hosts(["*.internal", "stock.example:8443"]);
    /// assert_ne!(origins, Origins::none());
    /// ```
    #[must_use]
    pub fn hosts<H: AsRef<str>>(hosts: impl IntoIterator<Item = H>) -> Self {
        let hosts = hosts.into_iter();
        Self(List::Of(
            hosts
                .map(|host| host.as_ref().to_ascii_lowercase())
                .collect(),
        ))
    }

    /// Whether the authority of this name, `host:port`, is one of them.
    pub(super) fn contain(&self, authority: &str) -> bool {
        match &self.0 {
            List::Any => true,
            List::Of(hosts) => hosts.iter().any(|host| matches(host, authority)),
        }
    }

    /// Those that are of no such form.
    pub(super) fn broken(&self) -> impl Iterator<Item = &str> {
        let hosts = match &self.0 {
            List::Any => &[][..],
            List::Of(hosts) => hosts,
        };
        hosts
            .iter()
            .map(String::as_str)
            .filter(|host| !is_legal(host))
    }
}

fn matches(pattern: &str, authority: &str) -> bool {
    let (wanted_host, wanted_port) = split(pattern);
    let (host, port) = split(authority);
    let same_port = wanted_port.is_none() || wanted_port == port;
    let same_host = match wanted_host.strip_prefix('*') {
        // With the point, and something in front of it.
        Some(domain) => host.len() > domain.len() && host.ends_with(domain),
        None => host == wanted_host,
    };
    same_port && same_host
}

/// Host and port, if there is one. The colons of an IPv6 address are in brackets.
fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

fn is_legal(pattern: &str) -> bool {
    let (host, port) = split(pattern);
    let legal_port = port.is_none_or(|port| {
        port.parse::<u16>().is_ok() && port.bytes().all(|byte| byte.is_ascii_digit())
    });
    let named = host.strip_prefix("*.").unwrap_or(host);
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let legal_host = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => named.split('.').all(|label| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            !label.is_empty() && label.bytes().all(legal)
        }),
    };
    legal_port && legal_host
}
