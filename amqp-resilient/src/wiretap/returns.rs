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
pub(crate) struct Returns(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    by_channel: HashMap<u16, OfChannel>,
    listeners: u64,
}

/// Those of a channel, for one listener: another channel may have had its number before.
#[derive(Debug)]
struct OfChannel {
    listener: u64,
    /// By message id. Two messages in flight may have the same one.
    by_id: HashMap<Box<str>, Vec<Returned>>,
}

impl Returns {
    /// Writes down a return, if somebody listens for those of its channel.
    pub(super) fn note(&self, channel: u16, message_id: &str, returned: Returned) {
        if let Some(channel) = self.0.lock().by_channel.get_mut(&channel) {
            let same_id = channel.by_id.entry(message_id.into()).or_default();
            same_id.push(returned);
        }
    }

    /// Begins to write down the returns of a channel.
    pub(crate) fn listen(self: &Arc<Self>, channel: u16) -> Listening {
        let mut kept = self.0.lock();
        kept.listeners += 1;
        let listener = kept.listeners;
        let by_id = HashMap::new();
        let before = kept
            .by_channel
            .insert(channel, OfChannel { listener, by_id });
        drop(kept);
        drop(before);
        Listening {
            returns: Arc::clone(self),
            channel,
            listener,
        }
    }
}

/// Keeps the returns of a channel; they are forgotten when it is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    returns: Arc<Returns>,
    channel: u16,
    listener: u64,
}

impl Listening {
    /// The return of a message whose confirm has come, if it was returned.
    pub(crate) fn take(
        &self,
        message_id: &str,
        exchange: &str,
        routing_key: &str,
    ) -> Option<Returned> {
        let mut kept = self.returns.0.lock();
        let channel = kept.by_channel.get_mut(&self.channel)?;
        if channel.listener != self.listener {
            return None;
        }
        let same_id = channel.by_id.get_mut(message_id)?;
        let is_its = |returned: &Returned| {
            returned.exchange == exchange && returned.routing_key == routing_key
        };
        let place = same_id.iter().position(is_its)?;
        let returned = same_id.swap_remove(place);
        if same_id.is_empty() {
            channel.by_id.remove(message_id);
        }
        Some(returned)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut kept = self.returns.0.lock();
        let its = |of: &OfChannel| of.listener == self.listener;
        let forgotten = match kept.by_channel.get(&self.channel).is_some_and(its) {
            true => kept.by_channel.remove(&self.channel),
            false => None,
        };
        drop(kept);
        drop(forgotten);
    }
}
