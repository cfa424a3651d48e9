//! The settings that are reqwest's: handed on to its builder.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::HeaderValue;

use super::{Builder, Source};
use crate::config_error::FieldError;

impl Builder {
    /// Sets something on reqwest's builder, if there is one.
    pub(super) fn forward(
        mut self,
        name: &'static str,
        set: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        self.forwarded.push(name);
        self.source = match self.source {
            Source::Own(builder) => Source::Own(Box::new(set(*builder))),
            Source::Builder(builder) => Source::Builder(Box::new(set(*builder))),
            finished @ Source::Client(_) => finished,
        };
        self
    }

    /// How long connecting may take, DNS and TLS included; longer than zero. Default: no limit but the
    /// attempt timeout. As nothing was sent yet, even a POST is tried again after it.
    ///
    /// As [`reqwest::ClientBuilder::connect_timeout`]. It cannot be given together with
    /// [`client`](Self::client), and not before [`reqwest`](Self::reqwest).
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        // Zero would let no request through: each would fail before it is sent.
        self.settings.connect_timeout = Some(timeout);
        self.forward("connect_timeout", |builder| {
            builder.connect_timeout(timeout)
        })
    }

    /// The settings that have no effect: for a reqwest client that is finished, or overwritten by a
    /// reqwest builder that came later. Their values may be secret.
    pub(super) fn misplaced(&self) -> Vec<FieldError> {
        let is_finished = matches!(self.source, Source::Client(_));
        let of_finished = "must be set on the reqwest client itself when `client` is used";
        let of_lost =
            "must be set after `reqwest`, whose builder takes the place of earlier settings";
        let finished = self.forwarded.iter().filter(|_| is_finished);
        let finished = finished.map(|name| FieldError::of(name, "..", of_finished));
        let lost = self.lost.iter();
        let lost = lost.map(|name| FieldError::of(name, "..", of_lost));
        lost.chain(finished).collect()
    }
}

/// Writes methods that do what reqwest's of the same name do.
macro_rules! forward {
    ($(
        $(#[$attr:meta])*
        $name:ident($($arg:ident: $type:ty),*);
    )*) => {
        /// Settings that are reqwest's. They cannot be given together with [`client`](Self::client), and not
        /// before [`reqwest`](Self::reqwest).
        impl Builder {
            $(
                $(#[$attr])*
                #[doc = concat!("\n\nAs [`reqwest::ClientBuilder::", stringify!($name), "`].")]
                pub fn $name(self, $($arg: $type),*) -> Self {
                    self.forward(stringify!($name), |builder| builder.$name($($arg),*))
                }
            )*
        }
    };
}

forward! {
    /// A proxy for the requests it matches; may be called more than once. Default: the system's.
    proxy(proxy: reqwest::Proxy);
    /// No proxy at all, the system's neither.
    no_proxy();
    /// Whether every byte on the wire is logged, at level trace. Default `false`.
    connection_verbose(verbose: bool);
    /// How long a connection that nobody uses is kept; `None` is for ever. Default 90 s.
    pool_idle_timeout(timeout: impl Into<Option<Duration>>);
    /// How many connections that nobody uses are kept for each host. Default: no limit.
    pool_max_idle_per_host(max: usize);
    /// Header names as `Title-Case` on HTTP/1. Default: lower case.
    http1_title_case_headers();
    /// Whether header lines that go on in the next line are accepted on HTTP/1. Default `false`.
    http1_allow_obsolete_multiline_headers_in_responses(value: bool);
    /// Whether header lines that are not valid are passed over on HTTP/1. Default `false`.
    http1_ignore_invalid_headers_in_responses(value: bool);
    /// Whether a space before a header's colon is accepted on HTTP/1. Default `false`.
    http1_allow_spaces_after_header_name_in_responses(value: bool);
    /// How many headers a response on HTTP/1 may have. Default 100.
    http1_max_headers(max: usize);
    /// HTTP/1 and nothing else. Default: what the server prefers, of what is compiled in.
    http1_only();
    /// Accepts responses of HTTP/0.9. Default: they are errors.
    http09_responses();
    /// Whether small packets are sent at once. Default `true`.
    tcp_nodelay(enabled: bool);
    /// The local address that connections come from. Default: the system's choice.
    local_address(address: impl Into<Option<IpAddr>>);
    /// The network interface that connections go through. Default: the system's choice.
    #[cfg(any(target_os = "android", target_os = "linux", target_os = "macos"))]
    interface(interface: &str);
    /// How long a connection may be idle before keep-alive probes begin; `None` is never. Default 15 s.
    tcp_keepalive(after: impl Into<Option<Duration>>);
    /// The time between keep-alive probes. Default 15 s.
    tcp_keepalive_interval(interval: impl Into<Option<Duration>>);
    /// How many keep-alive probes may be lost. Default 3.
    tcp_keepalive_retries(retries: impl Into<Option<u32>>);
    /// How long sent data may stay without acknowledgement. Default 30 s.
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    tcp_user_timeout(timeout: impl Into<Option<Duration>>);
    /// Whether URLs of `http` are refused, as requests that are not valid. Default `false`.
    https_only(enabled: bool);
    /// The address of a host, in place of DNS.
    resolve(domain: &str, address: SocketAddr);
    /// The addresses of a host, in place of DNS.
    resolve_to_addrs(domain: &str, addresses: &[SocketAddr]);
    /// The system's DNS, where reqwest's feature `hickory-dns` is on.
    no_hickory_dns();
    /// No gzip, where that feature is on.
    no_gzip();
    /// No brotli, where reqwest's feature is on.
    no_brotli();
    /// No zstd, where reqwest's feature is on.
    no_zstd();
    /// No deflate, where reqwest's feature is on.
    no_deflate();
}

#[cfg(feature = "gzip")]
forward! {
    /// Whether gzip is asked for and unpacked. Default `true`.
    #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
    gzip(enable: bool);
}

#[cfg(feature = "http2")]
forward! {
    /// HTTP/2 and nothing else, without asking the server.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_prior_knowledge();
    /// The window of a stream of HTTP/2, in bytes. Default 2 MiB.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_initial_stream_window_size(bytes: impl Into<Option<u32>>);
    /// The window of a connection of HTTP/2, in bytes. Default 5 MiB.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_initial_connection_window_size(bytes: impl Into<Option<u32>>);
    /// Whether the windows of HTTP/2 follow what is measured. Default `false`.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_adaptive_window(enabled: bool);
    /// The largest frame of HTTP/2, in bytes. Default 16 KiB.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_max_frame_size(bytes: impl Into<Option<u32>>);
    /// How large the headers of a response on HTTP/2 may be, in bytes. Default 16 KiB.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_max_header_list_size(bytes: u32);
    /// The time between pings of HTTP/2; `None` is never. Default: never.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_keep_alive_interval(interval: impl Into<Option<Duration>>);
    /// How long a ping of HTTP/2 may stay without answer. Default 20 s.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_keep_alive_timeout(timeout: Duration);
    /// Whether idle connections of HTTP/2 are pinged too. Default `false`.
    #[cfg_attr(docsrs, doc(cfg(feature = "http2")))]
    http2_keep_alive_while_idle(enabled: bool);
}

#[cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]
forward! {
    /// Certificates to trust beside the system's.
    tls_certs_merge(certs: impl IntoIterator<Item = reqwest::Certificate>);
    /// Certificates to trust in place of the system's.
    tls_certs_only(certs: impl IntoIterator<Item = reqwest::Certificate>);
    /// The certificate that this client shows. Default: none.
    identity(identity: reqwest::Identity);
    /// **Dangerous**: whether certificates of other hosts are accepted. Default `false`.
    tls_danger_accept_invalid_hostnames(accept: bool);
    /// **Dangerous**: whether certificates that nobody vouches for are accepted. Default `false`.
    tls_danger_accept_invalid_certs(accept: bool);
    /// Whether the host is named when the connection is made. Default `true`.
    tls_sni(enable: bool);
    /// The lowest version of TLS. Default: that of the TLS library.
    tls_version_min(version: reqwest::tls::Version);
    /// The highest version of TLS. Default: no limit.
    tls_version_max(version: reqwest::tls::Version);
    /// Whether responses carry what is known of their TLS connection, as an extension. Default `false`.
    tls_info(enable: bool);
    /// A configuration of the TLS library itself.
    tls_backend_preconfigured(tls: impl std::any::Any);
}

#[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
forward! {
    /// Lists of certificates that were called back. Default: none.
    tls_crls_only(lists: impl IntoIterator<Item = reqwest::tls::CertificateRevocationList>);
    /// Whether session keys are written to the file in the environment's `SSLKEYLOGFILE`. Default `false`.
    tls_sslkeylogfile(on: bool);
    /// rustls, where native TLS is there too.
    tls_backend_rustls();
}

#[cfg(feature = "native-tls")]
forward! {
    /// Native TLS, where rustls is there too.
    tls_backend_native();
}

impl Builder {
    /// The `User-Agent` of every request that has none itself. Default: none.
    ///
    /// As [`reqwest::ClientBuilder::user_agent`].
    pub fn user_agent<V>(self, value: V) -> Self
    where
        V: TryInto<HeaderValue>,
        V::Error: Into<http::Error>,
    {
        self.forward("user_agent", |builder| builder.user_agent(value))
    }

    /// The socket that every connection goes to, in place of DNS and TCP. Default: none.
    ///
    /// As [`reqwest::ClientBuilder::unix_socket`].
    #[cfg(unix)]
    pub fn unix_socket(self, path: impl AsRef<std::path::Path>) -> Self {
        self.forward("unix_socket", |builder| builder.unix_socket(path.as_ref()))
    }
}
