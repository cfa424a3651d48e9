//! Who may do what.

use std::fmt;
use std::sync::Arc;

use axum::http::request::Parts;

use super::action::Action;

/// Decides whether whoever sent a request may do what it asks for, and says who that is.
///
/// Implemented by closures. It must not block: let a layer in front of the dashboard ask the identity provider and
/// leave what it has found in the request's extensions. A panic refuses the request.
///
/// # Examples
/// ```
/// use axum::http::request::Parts;
/// use steadfast_dashboard::{Action, Allowed, Controls, Denied, Verb};
///
/// // What the service's own layer has left behind.
/// #[derive(Clone)]
/// struct User { name: String, is_operator: bool }
///
/// let controls = Controls::new(|request: &Parts, action: &Action| {
///     let user = request.extensions.get::<User>().ok_or(Denied::because("nobody is signed in"))?;
///     if user.is_operator || action.verb == Verb::CheckNow {
///         Ok(Allowed::by(user.name.as_str()))
///     } else {
///         Err(Denied::because("operators only"))
///     }
/// });
/// # drop(controls);
/// ```
pub trait Authorise: Send + Sync + 'static {
    /// Decides on one request. Called after the request was found to be well-formed and of the same origin.
    ///
    /// # Errors
    /// [`Denied`], if it may not be done; the answer is 403 then.
    fn authorise(&self, request: &Parts, action: &Action) -> Result<Allowed, Denied>;
}

impl<F> Authorise for F
where
    F: Fn(&Parts, &Action) -> Result<Allowed, Denied> + Send + Sync + 'static,
{
    fn authorise(&self, request: &Parts, action: &Action) -> Result<Allowed, Denied> {
        self(request, action)
    }
}

/// It may be done, by whom it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    pub(crate) by: Arc<str>,
}

impl Allowed {
    /// It may be done; the name is what the event log and the row say.
    #[must_use]
    pub fn by(who: impl Into<Arc<str>>) -> Self {
        Self { by: who.into() }
    }
}

/// It may not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    reason: Arc<str>,
}

impl Denied {
    /// Denies, with one line for the operator, who gets to read it.
    #[must_use]
    pub fn because(reason: impl Into<Arc<str>>) -> Self {
        Self {
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Denied {}
