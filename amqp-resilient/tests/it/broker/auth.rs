//! Who may connect, and what becomes of new secrets.

use amq_protocol::protocol::connection;
use amq_protocol::types::LongString;
use parking_lot::Mutex;

use super::FakeBroker;
use super::link::{End, Link, close_connection};

/// What the broker does with a new secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OnSecret {
    #[default]
    Take,
    /// Says nothing.
    Nothing,
    /// Closes the connection with this code.
    CloseConnection(u16),
}

#[derive(Default)]
pub(super) struct Auth {
    /// The only password that is right, if any other is wrong.
    password: Mutex<Option<String>>,
    logins: Mutex<Vec<String>>,
    on_secret: Mutex<OnSecret>,
    secrets: Mutex<Vec<String>>,
}

impl Auth {
    /// Whether the answer of a client, as SASL PLAIN has it, is one that may connect.
    pub(super) fn log_in(&self, response: &LongString) -> bool {
        let response = response.to_string();
        let mut parts = response.split('\0').skip(1);
        let (user, password) = (parts.next().unwrap(), parts.next().unwrap());
        self.logins.lock().push(format!("{user}:{password}"));
        let right = self.password.lock();
        right.as_ref().is_none_or(|right| right == password)
    }
}

impl FakeBroker {
    /// From now on, refuses everybody with another password.
    pub(crate) fn set_password(&self, password: &str) {
        *self.shared.auth.password.lock() = Some(password.to_owned());
    }

    /// Who has tried to connect since this was last asked: `user:password`.
    pub(crate) fn logins(&self) -> Vec<String> {
        std::mem::take(&mut *self.shared.auth.logins.lock())
    }

    pub(crate) fn on_secret(&self, answer: OnSecret) {
        *self.shared.auth.on_secret.lock() = answer;
    }

    /// The new secrets that connections were given, ever.
    pub(crate) fn secrets(&self) -> Vec<String> {
        self.shared.auth.secrets.lock().clone()
    }
}

impl Link {
    pub(super) fn update_secret(&mut self, update: &connection::UpdateSecret) -> Result<(), End> {
        let secret = update.new_secret.to_string();
        self.shared.auth.secrets.lock().push(secret);
        let answer = *self.shared.auth.on_secret.lock();
        match answer {
            OnSecret::Take => {
                let ok = connection::UpdateSecretOk {};
                self.on_connection(connection::AMQPMethod::UpdateSecretOk(ok));
            }
            OnSecret::Nothing => {}
            OnSecret::CloseConnection(code) => self.on_connection(close_connection(code)),
        }
        Ok(())
    }
}
