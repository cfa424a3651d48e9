//! A connection while it is up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::refresh::KeepingFresh;
use crate::classify;
use crate::clock;
use crate::error::AmqpError;
use crate::link::Event;
use crate::session::Session;

/// A connection that is up, and what lapin says about it.
pub(super) struct Up {
    pub(super) session: Arc<Session>,
    pub(super) events: BoxStream<'static, lapin::Event>,
    /// Goes on while the connection is watched.
    pub(super) keeping_fresh: KeepingFresh,
}

impl Up {
    /// Watches the connection until it is lost, and tells of alarms.
    pub(super) async fn watch(&mut self, mut tell: impl FnMut(Event<Session>)) -> AmqpError {
        // lapin does not announce every end: a close by the broker with code 200 is silent.
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked = clock::now();
        let session = Arc::clone(&self.session);
        let mut last_words = None;
        loop {
            let event = tokio::select! {
                event = self.events.next() => event,
                never = &mut self.keeping_fresh => match never {},
                _ = look.tick() => {
                    if !session.is_up() {
                        return last_words.map_or_else(closed_in_silence, AmqpError::Lapin);
                    }
                    // After a sleep of this process, what came meanwhile has yet to be read.
                    let now = clock::now();
                    let awake = now.saturating_duration_since(looked) < 4 * LOOK_EVERY;
                    if awake && session.is_silent(now) {
                        return AmqpError::Lapin(lapin::ErrorKind::MissingHeartbeatError.into());
                    }
                    looked = now;
                    continue;
                }
            };
            match event {
                Some(lapin::Event::ConnectionBlocked(reason)) => tell(Event::Blocked { reason }),
                Some(lapin::Event::ConnectionUnblocked) => tell(Event::Unblocked),
                Some(lapin::Event::Error(error)) if !session.is_up() => {
                    // An error of a channel comes by the same way, and concerns nobody but its user; but
                    // brokers close connections with the codes of channels, too.
                    if classify::channel_closed(&error).is_none() {
                        return AmqpError::Lapin(error);
                    }
                    last_words = Some(error);
                }
                Some(_) => {}
                None => return last_words.map_or_else(closed_in_silence, AmqpError::Lapin),
            }
        }
    }

    /// Why the connection ended. Whoever notices first that it did may not know, while lapin is about to
    /// say what the broker said.
    pub(super) async fn why(&mut self, error: AmqpError) -> AmqpError {
        if let AmqpError::Lapin(_) = error
            && error.reply().is_some()
        {
            return error;
        }
        let said = async {
            loop {
                match self.events.next().await? {
                    lapin::Event::Error(error) if classify::channel_closed(&error).is_none() => {
                        return Some(AmqpError::Lapin(error));
                    }
                    _ => {}
                }
            }
        };
        let said = timeout(LAST_WORDS, said).await;
        said.ok().flatten().unwrap_or(error)
    }
}

fn closed_in_silence() -> AmqpError {
    AmqpError::Lapin(
        lapin::ErrorKind::InvalidConnectionState(lapin::ConnectionState::Closed).into(),
    )
}

/// How often a connection is looked at besides listening for its events.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long to listen for what lapin has to say about a connection that has ended.
const LAST_WORDS: Duration = Duration::from_millis(100);
