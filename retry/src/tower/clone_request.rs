//! How a layer copies requests.

/// Makes the copies of a request that further attempts send. Every `Fn(&R) -> Option<R>` does;
/// implement it for a type of your own where the type needs a name, or one is to copy several kinds of
/// requests.
pub trait CloneRequest<R> {
    /// A copy of this request, or `None` if it cannot or must not be sent again.
    fn clone_request(&self, request: &R) -> Option<R>;
}

impl<R, F> CloneRequest<R> for F
where
    F: Fn(&R) -> Option<R>,
{
    fn clone_request(&self, request: &R) -> Option<R> {
        self(request)
    }
}

/// Copies by `Clone`: what a layer does that was told nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ByClone;

impl<R: Clone> CloneRequest<R> for ByClone {
    fn clone_request(&self, request: &R) -> Option<R> {
        Some(request.clone())
    }
}
