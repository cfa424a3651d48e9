//! What a client knows about a response beyond what reqwest does.

use reqwest::Response;

/// What a client knows about a response beyond what reqwest does.
///
/// It travels in the response's extensions, so it is also there when the response has become an
/// [`http::Response`].
///
/// # Examples
/// ```no_run
/// use steadfast_http::ResponseExt;
///
/// # async fn example(client: steadfast_http::Client) -> Result<(), steadfast_http::Error> {
/// let response = client.get("http://inventory.internal/stock").send().await?;
/// if response.attempts() > 1 {
///     println!("it took {} attempts", response.attempts());
/// }
/// # Ok(())
/// # }
/// ```
pub trait ResponseExt: sealed::Sealed {
    /// How many attempts were made for this response, itself included, and each hop of redirects that are
    /// the client's [own](crate::Builder::own_redirects). 1 for a response that no steadfast client has
    /// returned.
    fn attempts(&self) -> u32;

    /// Where this response came from. [`ServedBy::Network`] for one that no steadfast client has
    /// returned.
    fn served_by(&self) -> ServedBy;
}

impl ResponseExt for Response {
    fn attempts(&self) -> u32 {
        let attempts = self.extensions().get::<Attempts>();
        attempts.map_or(1, |attempts| attempts.0)
    }

    fn served_by(&self) -> ServedBy {
        let served_by = self.extensions().get::<ServedBy>();
        served_by.copied().unwrap_or_default()
    }
}

/// Where a response came from; told by [`ResponseExt::served_by`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServedBy {
    /// From the server: the request itself, or a retry of it.
    #[default]
    Network,
    /// From the server, by a [hedge](crate::Builder::hedge) that was quicker than the request itself.
    Hedge,
    /// From the [fallback](crate::Builder::fallback).
    Fallback,
}

/// The extension that carries the number of attempts, if there were several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempts(pub(crate) u32);

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement `ResponseExt`")]
    pub trait Sealed {}

    impl Sealed for reqwest::Response {}
}
