//! Where the requests of one signal go, and how.

use std::fmt;
use std::time::Duration;

use opentelemetry_http::Request;

use super::settings::switch;
use super::variables::{Variables, pairs, percent_decoded};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Http,
    Grpc,
}

pub(crate) struct Target {
    pub(crate) transport: Transport,
    /// A whole URL; with the path on HTTP.
    pub(crate) endpoint: String,
    /// Names, and values as they stand in the variable: percent-encoded.
    pub(crate) headers: Vec<(String, String)>,
    /// Of one attempt, and of all retries.
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
}

#[cfg(feature = "otlp-tls")]
impl Target {
    pub(crate) fn has_tls(&self) -> bool {
        self.endpoint.starts_with("https://")
    }
}

/// Without the headers' values, which are secrets more often than not.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Target")
            .field("transport", &self.transport)
            .field("endpoint", &shown(&self.endpoint))
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .finish()
    }
}

/// The variables of a signal, each before the one for both.
pub(crate) struct Names {
    path: &'static str,
    endpoint: [&'static str; 2],
    protocol: [&'static str; 2],
    headers: [&'static str; 2],
    timeout: [&'static str; 2],
    compression: [&'static str; 2],
    insecure: [&'static str; 2],
    unsupported: [&'static str; 6],
}

macro_rules! names {
    ($signal:literal, $path:literal) => {
        Names {
            path: $path,
            endpoint: names!(both $signal, "ENDPOINT"),
            protocol: names!(both $signal, "PROTOCOL"),
            headers: names!(both $signal, "HEADERS"),
            timeout: names!(both $signal, "TIMEOUT"),
            compression: names!(both $signal, "COMPRESSION"),
            insecure: names!(both $signal, "INSECURE"),
            unsupported: [
                concat!("OTEL_EXPORTER_OTLP_", $signal, "_CERTIFICATE"),
                concat!("OTEL_EXPORTER_OTLP_", $signal, "_CLIENT_KEY"),
                concat!("OTEL_EXPORTER_OTLP_", $signal, "_CLIENT_CERTIFICATE"),
                "OTEL_EXPORTER_OTLP_CERTIFICATE",
                "OTEL_EXPORTER_OTLP_CLIENT_KEY",
                "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            ],
        }
    };
    (both $signal:literal, $what:literal) => {
        [
            concat!("OTEL_EXPORTER_OTLP_", $signal, "_", $what),
            concat!("OTEL_EXPORTER_OTLP_", $what),
        ]
    };
}

pub(crate) const TRACES: Names = names!("TRACES", "/v1/traces");
pub(crate) const METRICS: Names = names!("METRICS", "/v1/metrics");

/// `None` when something is wrong with it, which has been reported then.
pub(crate) fn target(variables: &mut Variables<'_>, names: &Names) -> Option<Target> {
    variables.unsupported(&names.unsupported);
    let transport = variables.word(
        &names.protocol,
        "must be grpc or http/protobuf",
        &[
            ("grpc", Transport::Grpc),
            ("http/protobuf", Transport::Http),
        ],
    );
    let transport = transport.unwrap_or(Transport::Http);
    let headers = headers(variables, names);
    let timeout = variables.milliseconds(&names.timeout);
    let words = &[("gzip", true), ("none", false)];
    let gzip = variables.word(&names.compression, "must be gzip or none", words);
    let endpoint = endpoint(variables, names, transport);
    Some(Target {
        transport,
        endpoint: endpoint?,
        headers: headers?,
        timeout: timeout.unwrap_or(Duration::from_secs(10)),
        gzip: gzip.unwrap_or(false),
    })
}

fn endpoint(variables: &mut Variables<'_>, names: &Names, transport: Transport) -> Option<String> {
    // Only gRPC has addresses without a scheme; the variable has a meaning for those alone.
    let insecure = switch(variables, &names.insecure);
    let Some((name, value)) = variables.first(&names.endpoint) else {
        return Some(match transport {
            Transport::Grpc => "http://localhost:4317".to_owned(),
            Transport::Http => format!("http://localhost:4318{}", names.path),
        });
    };
    let endpoint = match transport {
        Transport::Grpc if !value.contains("://") => {
            format!("{}://{value}", if insecure { "http" } else { "https" })
        }
        // That of the signal is taken as it is.
        Transport::Http if name != names.endpoint[0] => {
            format!("{}{}", value.trim_end_matches('/'), names.path)
        }
        Transport::Grpc | Transport::Http => value.clone(),
    };
    let request = Request::get(&endpoint).body(());
    let scheme = request.as_ref().ok().and_then(|request| {
        let uri = request.uri();
        uri.authority().and(uri.scheme_str())
    });
    match scheme {
        Some(_) if authority(&endpoint).contains('@') => {
            // HTTP would not send them, and gRPC as a part of the server's name.
            let rule = "must have no user and password: headers say who exports";
            variables.refuse(name, shown(&value), rule);
        }
        Some("http") => return Some(endpoint),
        Some("https") if cfg!(feature = "otlp-tls") => return Some(endpoint),
        Some("https") => {
            let rule = "must be an http:// URL: this build has no TLS (feature otlp-tls)";
            variables.refuse(name, shown(&value), rule);
        }
        _ => variables.refuse(name, shown(&value), "must be an http:// or https:// URL"),
    }
    None
}

fn headers(variables: &mut Variables<'_>, names: &Names) -> Option<Vec<(String, String)>> {
    let Some((variable, list)) = variables.first(&names.headers) else {
        return Some(Vec::new());
    };
    match checked_headers(&list) {
        Ok(headers) => Some(headers),
        Err(entry) => {
            // The values are secrets: say which it is, not what it is.
            let value = format!("entry {entry}, not shown");
            let rule = "must be name=value,... of HTTP headers, percent-encoded";
            variables.refuse(variable, value, rule);
            None
        }
    }
}

/// The headers, or the place of the first that is none.
fn checked_headers(list: &str) -> Result<Vec<(String, String)>, usize> {
    let pairs = pairs(list)?;
    let checked = pairs.into_iter().enumerate().map(|(index, (name, value))| {
        let decoded = percent_decoded(value).filter(|value| !value.is_empty());
        let sound =
            decoded.is_some_and(|value| Request::get("/").header(name, value).body(()).is_ok());
        // gRPC says in the name whether a value is binary, and HTTP/2 wants small letters.
        let name = name.to_ascii_lowercase();
        let sound = sound && !name.ends_with("-bin");
        sound.then(|| (name, value.to_owned())).ok_or(index + 1)
    });
    checked.collect()
}

/// A URL without the user and password that may stand in it.
fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = authority(url);
    let Some((_, host)) = authority.rsplit_once('@') else {
        return url.to_owned();
    };
    let path = &rest[authority.len()..];
    let colon = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{colon}***@{host}{path}")
}

/// What stands between the scheme and the path.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::variables::Lookup;
    use super::*;

    /// The address for spans, and that for metrics.
    fn endpoints(variables: &'static [(&str, &str)]) -> [String; 2] {
        let given = |name: &str| {
            let mut set = variables.iter().filter(|(set, _)| *set == name);
            set.next().map(|(_, value)| (*value).to_owned())
        };
        let lookup = Lookup::Given(Box::new(given));
        let mut variables = Variables::new(&lookup);
        let both = [&TRACES, &METRICS].map(|names| target(&mut variables, names).unwrap());
        both.map(|target| target.endpoint)
    }

    #[test]
    fn addresses_are_those_of_the_specification() {
        const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
        const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC");
        const BARE: (&str, &str) = ("OTEL_EXPORTER_OTLP_INSECURE", "true");
        let both = |traces: &str, metrics: &str| [traces.to_owned(), metrics.to_owned()];
        assert_eq!(
            endpoints(&[]),
            both(
                "http://localhost:4318/v1/traces",
                "http://localhost:4318/v1/metrics"
            )
        );
        let grpc = "http://localhost:4317";
        assert_eq!(endpoints(&[GRPC]), both(grpc, grpc));
        assert_eq!(
            endpoints(&[
                (ENDPOINT, " http://host/base/ "),
                ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m/")
            ]),
            both("http://host/base/v1/traces", "http://m/")
        );
        let six = "http://[::1]:4317";
        assert_eq!(
            endpoints(&[GRPC, BARE, (ENDPOINT, "[::1]:4317")]),
            both(six, six)
        );
    }
}
