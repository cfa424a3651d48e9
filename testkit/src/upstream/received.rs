//! What a test gets to see of a request.

use std::time::Instant;

/// A request that reached an upstream whole.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Received {
    /// The method, as sent: `GET`.
    pub method: String,
    /// The request target with its query: `/orders?page=2`.
    pub path: String,
    /// The headers in the order in which they were sent, with the names in lower case. On HTTP/2 the
    /// `:authority` stands among them as `host`, and only headers of one name keep their order.
    pub headers: Vec<(String, String)>,
    /// The body, with a chunked encoding taken off.
    pub body: Vec<u8>,
    /// Which connection it came on: 0 for the first one that the upstream accepted.
    pub at_connection: u64,
    /// When the last of its bytes had been read.
    pub at: Instant,
}

impl Received {
    /// The value of the first header of this name, whatever its case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// The body as text; bytes that are not UTF-8 become replacement characters.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub(crate) fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut named = headers
        .iter()
        .filter(|(other, _)| other.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.as_str())
}
