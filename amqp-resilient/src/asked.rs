//! The user's code that is asked for something at each attempt to connect.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::hook::{HookError, HookFailure, guarded};

type Code<T> = dyn Fn() -> BoxFuture<'static, Result<T, HookError>> + Send + Sync;

/// Code that is asked for a `T`.
pub(crate) struct Asked<T>(Arc<Code<T>>);

impl<T> Asked<T> {
    pub(crate) fn new<C, F>(code: C) -> Self
    where
        C: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, HookError>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(code())))
    }

    /// Waits for the answer until the deadline. Dropping the future drops the one that is asked for.
    pub(crate) async fn ask(&self, deadline: Instant) -> Result<T, HookFailure> {
        guarded(deadline, || (self.0)()).await
    }
}

impl<T> Clone for Asked<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Asked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}
