//! Ours: one connection, its publisher.

use std::error::Error;
use std::time::Duration;

use steadfast_amqp::{Builder, Message, PublishError, Publisher, ResilientConnection};
use steadfast_benches::model::Told;

use super::{Answer, Mail};
use crate::support::secs;

/// A connection that comes back within a second or two; everything else is as it is by default.
pub(crate) fn builder(name: &'static str, uri: &str) -> Builder {
    ResilientConnection::builder(name)
        .uri(uri)
        .max_backoff(secs(1))
}

#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) connection: ResilientConnection,
    pub(crate) publisher: Publisher,
}

impl Ours {
    pub(super) async fn connect(uri: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self::on(builder("faults", uri).connect().await?))
    }

    pub(crate) fn on(connection: ResilientConnection) -> Self {
        let publisher = connection.publisher();
        Self {
            connection,
            publisher,
        }
    }

    pub(super) async fn publish(&self, mail: &Mail) -> Answer {
        let message = Message::new(mail.exchange, mail.key, mail.body.clone());
        let message = message.deadline(mail.deadline);
        match self.publisher.publish(message).await {
            Ok(published) if published.possibly_duplicated => {
                Answer::of(Told::ConfirmedPerhapsTwice)
            }
            Ok(_) => Answer::of(Told::Confirmed),
            Err(error) => Answer {
                error: Some(error.error_type().to_owned()),
                ..Answer::of(told(&error, &mail.body))
            },
        }
    }

    pub(super) async fn close(self) {
        self.connection.close(Duration::from_secs(5)).await;
    }
}

fn told(error: &PublishError, body: &[u8]) -> Told {
    match error {
        PublishError::Returned(message) if message.body == body => Told::Returned,
        PublishError::Returned(_) => Told::ReturnedAnother,
        PublishError::Nacked { .. } => Told::Nacked,
        PublishError::Blocked { .. } => Told::Blocked,
        // What may be in a queue says so; all else says that it is in none.
        error if error.may_be_delivered() => Told::Ambiguous,
        _ => Told::NotSent,
    }
}
