//! By what an attempt is sent.

#[cfg(feature = "middleware")]
use futures_util::FutureExt;
use futures_util::TryFutureExt;
use reqwest::{Request, Response};

/// By what an attempt is sent.
pub(crate) enum Transport<'c> {
    /// The reqwest client inside.
    Own(&'c reqwest::Client),
    /// What comes next in somebody's chain of middleware, with a reqwest client of theirs at its end.
    #[cfg(feature = "middleware")]
    Chain(crate::middleware::Chain<'c>),
}

/// Why there is no response.
pub(crate) enum SendError {
    /// reqwest says so.
    Reqwest(reqwest::Error),
    /// Another middleware says so.
    #[cfg(feature = "middleware")]
    Middleware(reqwest_middleware::Error),
}

impl Transport<'_> {
    pub(crate) fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<Response, SendError>> + Send + Unpin {
        // Not an async function, whose future would have room for the request: reqwest has put it in a box.
        match self {
            #[cfg(not(feature = "middleware"))]
            Self::Own(http) => http.execute(request).map_err(SendError::Reqwest),
            #[cfg(feature = "middleware")]
            Self::Own(http) => http
                .execute(request)
                .map_err(SendError::Reqwest)
                .left_future(),
            #[cfg(feature = "middleware")]
            Self::Chain(chain) => Box::pin(chain.send(request)).right_future(),
        }
    }

    /// Whether what is known of the reqwest client inside is true of this one.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }
}
