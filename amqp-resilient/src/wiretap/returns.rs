//! What the broker sent back, written down before lapin hears of it.
//!
//! lapin 4.12 hands a returned message to whichever confirm it settles next: with several in flight on a
//! channel that is often another message's. So returns are read off the connection itself and told apart by
//! channel and message id. A return comes before the confirm of its message (the broker's rule), and is
//! noted before lapin reads that confirm: whoever holds a message's confirm finds its return here.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::frames::Fields;

/// What the broker said of a message that it sent back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    pub(crate) reply_code: u16,
    pub(crate) reply_text: String,
    pub(crate) exchange: String,
    pub(crate) routing_key: String,
}

impl Returned {
    /// Reads the arguments of `basic.return`.
    pub(super) fn parse(arguments: &[u8]) -> Option<Self> {
        let mut fields = Fields(arguments);
        Some(Self {
            reply_code: fields.short()?,
            reply_text: fields.text()?.to_owned(),
            exchange: fields.text()?.to_owned(),
            routing_key: fields.text()?.to_owned(),
        })
    }
}

/// The returns of one connection that nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Returns(Mutex<HashMap<u16, OfChannel>>);

/// By message id. Two messages in flight may have the same one.
type OfChannel = HashMap<Box<str>, Vec<Returned>>;

impl Returns {
    /// Writes down a return, if somebody listens for those of its channel.
    pub(super) fn note(&self, channel: u16, message_id: &str, returned: Returned) {
        if let Some(channel) = self.0.lock().get_mut(&channel) {
            channel.entry(message_id.into()).or_default().push(returned);
        }
    }

    /// Begins to write down the returns of a channel.
    pub(crate) fn listen(self: &Arc<Self>, channel: u16) -> Listening {
        self.0.lock().insert(channel, OfChannel::new());
        Listening {
            returns: Arc::clone(self),
            channel,
        }
    }
}

/// Keeps the returns of a channel; they are forgotten when it is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    returns: Arc<Returns>,
    channel: u16,
}

impl Listening {
    /// The return of a message whose confirm has come, if it was returned.
    pub(crate) fn take(
        &self,
        message_id: &str,
        exchange: &str,
        routing_key: &str,
    ) -> Option<Returned> {
        let mut returns = self.returns.0.lock();
        let channel = returns.get_mut(&self.channel)?;
        let same_id = channel.get_mut(message_id)?;
        let is_its = |returned: &Returned| {
            returned.exchange == exchange && returned.routing_key == routing_key
        };
        let place = same_id.iter().position(is_its)?;
        let returned = same_id.swap_remove(place);
        if same_id.is_empty() {
            channel.remove(message_id);
        }
        Some(returned)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let forgotten = self.returns.0.lock().remove(&self.channel);
        drop(forgotten);
    }
}
