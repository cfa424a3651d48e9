//! Bare lapin with its auto-recovery: one connection, one channel in confirm mode that all tasks share, and
//! after an error the wait that lapin's own example does.

use std::sync::Arc;

use backon::ExponentialBuilder;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind};
use steadfast_benches::model::Told;
use tokio::time::timeout;

use super::{Answer, Mail, short};
use crate::support::{millis, secs};

/// Persistent, in AMQP's words.
const PERSISTENT: u8 = 2;

/// Recovery with a jittered backoff of 0.2 s to 2 s and no limit of attempts: by default it gives up for good
/// after sixteen.
pub(crate) fn properties() -> ConnectionProperties {
    recovering(|backoff| {
        backoff
            .with_min_delay(millis(200))
            .with_max_delay(secs(2))
            .with_jitter()
            .without_max_times()
    })
}

pub(crate) fn recovering(
    backoff: impl Fn(ExponentialBuilder) -> ExponentialBuilder,
) -> ConnectionProperties {
    ConnectionProperties::default()
        .enable_auto_recover()
        .configure_backoff(backoff)
}

#[derive(Clone)]
pub(crate) struct Bare {
    pub(crate) connection: Arc<Connection>,
    pub(crate) channel: Channel,
}

impl Bare {
    pub(super) async fn connect(uri: &str) -> lapin::Result<Self> {
        Self::connect_with(uri, properties()).await
    }

    pub(crate) async fn connect_with(
        uri: &str,
        properties: ConnectionProperties,
    ) -> lapin::Result<Self> {
        let connection = Connection::connect(uri, properties).await?;
        let channel = connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        Ok(Self {
            connection: Arc::new(connection),
            channel,
        })
    }

    /// Another publisher on the same connection, with a channel of its own.
    pub(crate) async fn sibling(&self) -> lapin::Result<Self> {
        let channel = self.connection.create_channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        let connection = Arc::clone(&self.connection);
        Ok(Self {
            connection,
            channel,
        })
    }

    pub(super) async fn publish(&self, mail: &Mail) -> Answer {
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let (exchange, key) = (short(mail.exchange), short(mail.key));
        let publish = self
            .channel
            .basic_publish(exchange, key, options, &mail.body, properties)
            .await;
        let confirm = match publish {
            Ok(confirm) => confirm,
            Err(error) => {
                let refused = matches!(error.kind(), ErrorKind::InvalidChannelState(..));
                let told = if refused {
                    Told::NotSent
                } else {
                    Told::Ambiguous
                };
                return failed(told, error);
            }
        };
        match confirm.await {
            Ok(Confirmation::Ack(None)) => Answer::of(Told::Confirmed),
            Ok(Confirmation::Ack(Some(back))) if back.delivery.data == mail.body => {
                Answer::of(Told::Returned)
            }
            Ok(Confirmation::Ack(Some(_))) => Answer::of(Told::ReturnedAnother),
            Ok(Confirmation::Nack(_)) => Answer::of(Told::Nacked),
            Ok(Confirmation::NotRequested) => Answer::of(Told::Ambiguous),
            Err(error) => failed(Told::Ambiguous, error),
        }
    }

    pub(super) async fn recover(&self, error: lapin::Error) {
        let _ = timeout(secs(60), self.channel.wait_for_recovery(error)).await;
    }

    pub(super) async fn close(self) {
        let _ = timeout(secs(5), self.connection.close(200, "done".into())).await;
    }
}

fn failed(told: Told, error: lapin::Error) -> Answer {
    Answer {
        told,
        error: Some(error.to_string()),
        recovery: Some(error),
    }
}
