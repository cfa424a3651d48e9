//! What the user has a say in, and how long each may take.

use std::{pin::Pin, time::Duration};

use tokio::time::Timeout;

/// What `create` makes a resource with, within its timeout.
pub(crate) type Making<T, E> = Timeout<Pin<Box<dyn Future<Output = Result<T, E>> + Send>>>;
pub(crate) type Create<T, E> =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<T, E>> + Send>> + Send + Sync>;
pub(crate) type Look<T> = Box<dyn Fn(&T) -> bool + Send + Sync>;
pub(crate) type Care<T> = Box<dyn for<'a> Fn(&'a mut T) -> HookFuture<'a> + Send + Sync>;

/// What the hooks [`validate`](crate::PoolBuilder::validate) and
/// [`recycle`](crate::PoolBuilder::recycle) of a pool return: a boxed future that may borrow the
/// resource. `true` means that it is good.
pub type HookFuture<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

pub(crate) struct Hooks<T, E> {
    pub(crate) create: Create<T, E>,
    pub(crate) create_timeout: Duration,
    pub(crate) is_valid: Option<Look<T>>,
    pub(crate) recycle: Option<Care<T>>,
    pub(crate) recycle_timeout: Duration,
    pub(crate) validate: Option<Care<T>>,
    pub(crate) validate_timeout: Duration,
    pub(crate) keep_after_panic: Option<Look<T>>,
}

impl<T, E> Hooks<T, E> {
    pub(crate) fn make(&self) -> Making<T, E> {
        tokio::time::timeout(self.create_timeout, (self.create)())
    }
}

/// How a hook found a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Bad,
    Late,
}

/// Runs a hook within its timeout; a pool without it finds everything good.
pub(crate) async fn ask<T>(hook: Option<&Care<T>>, resource: &mut T, limit: Duration) -> Verdict {
    let Some(hook) = hook else {
        return Verdict::Good;
    };
    match tokio::time::timeout(limit, hook(resource)).await {
        Ok(true) => Verdict::Good,
        Ok(false) => Verdict::Bad,
        Err(_elapsed) => Verdict::Late,
    }
}
