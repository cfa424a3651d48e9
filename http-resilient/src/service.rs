//! The client as a service of tower's.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use reqwest::{Request, Response};
use tower_service::Service;

use crate::client::Client;
use crate::error::Error;

/// [`Client::execute`] as a service, for layers of tower's around it, just as [`reqwest::Client`] is one.
///
/// It is **always ready**: which breaker and which bulkhead a request has to pass is known only when its URL
/// is. A request that has to wait does so in the future of `call`, and one that is not let through ends
/// there.
///
/// # Cancel safety
/// That of [`Client::execute`].
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let upstream = steadfast_testkit::HttpUpstream::start().await;
/// # let url = upstream.url("/stock");
/// use reqwest::{Method, Request};
/// use tower_service::Service;
///
/// let mut service = steadfast_http::Client::new();
/// let response = service.call(Request::new(Method::GET, url.parse()?)).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
impl Service<Request> for Client {
    type Response = Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.execute(request))
    }
}

/// The same without a client of one's own.
impl Service<Request> for &Client {
    type Response = Response;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.execute(request))
    }
}
