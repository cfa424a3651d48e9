//! Who connects.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

use crate::clock;

/// Who connects, and with which secret: the answer of a provider given to
/// [`Builder::credentials`](crate::Builder::credentials). `Debug` shows the user, and never the secret.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_amqp::Credentials;
///
/// let password = Credentials::password("app", "hunter2");
/// let token = Credentials::token("eyJhbGciOi...").valid_for(Duration::from_secs(3600));
/// assert!(!format!("{password:?} {token:?}").contains("hunter2"));
/// ```
#[derive(Clone)]
#[must_use = "credentials do nothing until a provider returns them"]
pub struct Credentials {
    pub(crate) user: String,
    pub(crate) secret: String,
    valid_for: Option<Duration>,
}

impl Credentials {
    /// A user and a password, as they are: not percent-encoded.
    pub fn password(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            secret: password.into(),
            valid_for: None,
        }
    }

    /// A token, such as one of OAuth 2. It goes where a password does, with an empty user: RabbitMQ takes
    /// the user from the token.
    pub fn token(token: impl Into<String>) -> Self {
        Self::password("", token)
    }

    /// How long the secret is good for, from the moment at which the provider was asked for it; for one that
    /// the provider had before, what is left of it. Default: for ever.
    ///
    /// When four fifths of it are over, the provider is asked again and the broker is given the new secret
    /// on the connection that there is. See [`Builder::credentials`](crate::Builder::credentials).
    pub fn valid_for(mut self, life: Duration) -> Self {
        self.valid_for = Some(life);
        self
    }

    /// The time that the secret has, if it runs out.
    pub(crate) fn lease(&self, asked_at: Instant) -> Option<Lease> {
        let life = self.valid_for?;
        Some(Lease { asked_at, life })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .field("secret", &"***")
            .field("valid_for", &self.valid_for)
            .finish()
    }
}

/// The time that a secret has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    asked_at: Instant,
    life: Duration,
}

impl Lease {
    pub(crate) fn life(self) -> Duration {
        self.life
    }

    /// When there should be a new one: after four fifths of its life.
    pub(crate) fn refresh_at(self) -> Instant {
        clock::later(self.asked_at, self.life - self.life / 5)
    }

    pub(crate) fn runs_out_at(self) -> Instant {
        clock::later(self.asked_at, self.life)
    }
}
