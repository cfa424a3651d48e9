//! The two clients, used as an application would use each.

mod bare;
mod steadfast;

use std::time::Duration;

use lapin::types::ShortString;
use steadfast_benches::model::Told;

pub(crate) use self::bare::{Bare, properties, recovering};
pub(crate) use self::steadfast::{Ours, builder};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Steadfast,
    Lapin,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Steadfast => "steadfast-amqp",
            Self::Lapin => "lapin",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Steadfast, Self::Lapin]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A message on its way out. It is mandatory and persistent.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) exchange: &'static str,
    pub(crate) key: &'static str,
    pub(crate) body: Vec<u8>,
    pub(crate) deadline: Duration,
}

/// What a client said, and its error if there was one.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) told: Told,
    pub(crate) error: Option<String>,
    /// lapin's, for which its documentation says what to wait for.
    recovery: Option<lapin::Error>,
}

impl Answer {
    const fn of(told: Told) -> Self {
        Self {
            told,
            error: None,
            recovery: None,
        }
    }
}

/// Connected, with one publisher that all tasks share.
#[derive(Clone)]
pub(crate) enum Client {
    Steadfast(Ours),
    Lapin(Bare),
}

impl Client {
    pub(crate) async fn connect(
        kind: Kind,
        uri: &str,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(match kind {
            Kind::Steadfast => Self::Steadfast(Ours::connect(uri).await?),
            Kind::Lapin => Self::Lapin(Bare::connect(uri).await?),
        })
    }

    pub(crate) async fn publish(&self, mail: &Mail) -> Answer {
        match self {
            Self::Steadfast(client) => client.publish(mail).await,
            Self::Lapin(client) => client.publish(mail).await,
        }
    }

    /// After an error: what the client asks its users to wait for before the next message.
    pub(crate) async fn recover(&self, answer: Answer) {
        if let (Self::Lapin(client), Some(error)) = (self, answer.recovery) {
            client.recover(error).await;
        }
    }

    /// Closes the connection, and does not wait for that for ever.
    pub(crate) async fn close(self) {
        match self {
            Self::Steadfast(client) => client.close().await,
            Self::Lapin(client) => client.close().await,
        }
    }
}

fn short(text: &'static str) -> ShortString {
    ShortString::from(text)
}
