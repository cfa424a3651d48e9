//! By what an attempt is sent.

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
    pub(crate) async fn send(&self, request: Request) -> Result<Response, SendError> {
        match self {
            Self::Own(http) => http.execute(request).await.map_err(SendError::Reqwest),
            #[cfg(feature = "middleware")]
            Self::Chain(chain) => chain.send(request).await,
        }
    }

    /// Whether what is known of the reqwest client inside is true of this one.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }
}
