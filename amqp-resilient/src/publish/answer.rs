//! What the broker's answer to a message means.

use lapin::Confirmation;

use super::Publishing;
use crate::classify;
use crate::error::AmqpError;
use crate::lane::InFlight;
use crate::publish_error::ReturnedMessage;

/// What came of sending a message once.
pub(super) enum Answer {
    Confirmed,
    Returned(Box<ReturnedMessage>),
    Nacked,
    /// The broker closed the channel, which carried nothing but this message.
    ChannelClosed(AmqpError),
    /// lapin knew that the channel was dead and sent nothing.
    NotSent,
    /// It was sent, and there is no telling whether it arrived.
    Unknown(Option<AmqpError>),
}

impl Answer {
    /// What it is in the attribute `error.type` of the attempt, if the attempt failed.
    pub(super) fn error_type(&self) -> Option<&'static str> {
        match self {
            Self::Confirmed | Self::NotSent => None,
            Self::Returned(_) => Some("returned"),
            Self::Nacked => Some("nacked"),
            Self::ChannelClosed(error) | Self::Unknown(Some(error)) => Some(error.error_type()),
            Self::Unknown(None) => Some("timeout"),
        }
    }
}

impl Publishing<'_> {
    pub(super) fn understand(
        &mut self,
        result: lapin::Result<Confirmation>,
        in_flight: &InFlight,
    ) -> Answer {
        match result {
            // The return that lapin may have put into the confirm can be any message's.
            Ok(Confirmation::Ack(_)) => match self.returned(in_flight) {
                Some(returned) => Answer::Returned(returned),
                None => Answer::Confirmed,
            },
            Ok(Confirmation::Nack(_)) => match self.returned(in_flight) {
                Some(returned) => Answer::Returned(returned),
                None => Answer::Nacked,
            },
            Ok(Confirmation::NotRequested) => Answer::Unknown(None),
            Err(error) if classify::never_sent(&error) => Answer::NotSent,
            Err(error) => {
                self.suspicions += u32::from(classify::blames_a_frame(&error));
                match classify::channel_closed(&error) {
                    Some(closed) if in_flight.was_alone() => Answer::ChannelClosed(closed),
                    Some(closed) => Answer::Unknown(Some(closed)),
                    None => Answer::Unknown(Some(AmqpError::Lapin(error))),
                }
            }
        }
    }

    /// The message as the broker sent it back, if it did.
    fn returned(&self, in_flight: &InFlight) -> Option<Box<ReturnedMessage>> {
        let message = self.message;
        if !message.mandatory {
            return None;
        }
        let (id, exchange) = (message.id.as_str(), message.exchange.as_str());
        let channel = in_flight.lane().channel();
        let returned = channel.take_return(id, exchange, message.routing_key.as_str())?;
        Some(Box::new(ReturnedMessage {
            message_id: id.to_owned(),
            reply_code: returned.reply_code,
            reply_text: returned.reply_text,
            exchange: returned.exchange,
            routing_key: returned.routing_key,
            body: message.body.clone(),
            properties: message.properties.clone(),
        }))
    }
}
