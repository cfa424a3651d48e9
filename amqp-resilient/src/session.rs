//! One connection while it lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lapin::options::{BasicQosOptions, ChannelFlowOptions, ConfirmSelectOptions};
use lapin::{Channel, Connection};
use tokio::time::{Instant, timeout, timeout_at};

use crate::classify;
use crate::clock;
use crate::error::AmqpError;
use crate::state::Epoch;
use crate::wiretap::{Line, Listening, Returns};

/// One connection of one epoch. Dropping it ends the connection, at once and for certain.
pub(crate) struct Session {
    epoch: Epoch,
    connection: Connection,
    line: Line,
    returns: Arc<Returns>,
    // Flags that order nothing, hence relaxed.
    ended: AtomicBool,
    /// Whether there are channel numbers that cannot be used any more.
    spoiled: AtomicBool,
    /// Whether it was ended because there were none left.
    worn_out: AtomicBool,
}

/// Whether a channel is asked for confirms when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChannelMode {
    Plain,
    Confirm,
}

impl Session {
    pub(crate) fn new(
        epoch: Epoch,
        connection: Connection,
        line: Line,
        returns: Arc<Returns>,
    ) -> Self {
        Self {
            epoch,
            connection,
            line,
            returns,
            ended: AtomicBool::new(false),
            spoiled: AtomicBool::new(false),
            worn_out: AtomicBool::new(false),
        }
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// As lapin has it at this moment; the supervisor hears of a loss a little later.
    pub(crate) fn is_up(&self) -> bool {
        !self.ended.load(Ordering::Relaxed) && self.connection.status().connected()
    }

    /// Whether it was ended because channel errors had used it up, for which the broker is not to blame.
    pub(crate) fn is_worn_out(&self) -> bool {
        self.worn_out.load(Ordering::Relaxed)
    }

    /// Whether a command would be answered, as far as lapin knows.
    pub(crate) fn is_usable(&self) -> bool {
        self.is_up() && !self.is_blocked()
    }

    /// Keeps what the broker sends back on a channel.
    pub(crate) fn listen_to_returns(&self, channel: &Channel) -> Listening {
        self.returns.listen(channel.id())
    }

    /// As lapin has it at this moment. On a blocked connection every command hangs, and what was
    /// given up on is sent after all once the alarm is over.
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Whether the peer has missed two heartbeats, as agreed upon in the handshake.
    pub(crate) fn is_silent(&self, now: Instant) -> bool {
        let heartbeat = self.connection.configuration().heartbeat();
        let allowed = 2 * Duration::from_secs(heartbeat.into());
        !allowed.is_zero() && self.line.silent_for(now) > allowed
    }

    /// The largest frame the broker takes; 0 stands for no limit.
    pub(crate) fn frame_max(&self) -> u32 {
        self.connection.configuration().frame_max()
    }

    pub(crate) async fn open_channel(
        &self,
        mode: ChannelMode,
        deadline: Instant,
    ) -> Result<Channel, AmqpError> {
        let began = clock::now();
        let timed_out = |_| {
            let waited = began.elapsed();
            Err(AmqpError::ChannelTimeout { waited })
        };
        timeout_at(deadline, self.open(mode))
            .await
            .unwrap_or_else(timed_out)
    }

    /// When the broker has closed a channel over an error, lapin 4.12 answers every later channel of the same
    /// number with that old error, for as long as the connection lasts. Numbers are used again after the
    /// highest one, so this asks for the next; and when there is none left, it ends the connection, of which
    /// there will be a new one.
    async fn open(&self, mode: ChannelMode) -> Result<Channel, AmqpError> {
        loop {
            match self.try_to_open(mode).await {
                Ok(channel) => return Ok(channel),
                Err(error) if classify::channel_closed(&error).is_some() => {
                    self.spoiled.store(true, Ordering::Relaxed);
                }
                Err(error) => {
                    let none_left = matches!(error.kind(), lapin::ErrorKind::ChannelsLimitReached);
                    if none_left && self.spoiled.load(Ordering::Relaxed) {
                        self.worn_out.store(true, Ordering::Relaxed);
                        self.cut();
                        return Err(AmqpError::Lapin(error));
                    }
                    return Err(classify::open_channel(error));
                }
            }
        }
    }

    async fn try_to_open(&self, mode: ChannelMode) -> lapin::Result<Channel> {
        let channel = self.connection.create_channel().await?;
        if mode == ChannelMode::Confirm {
            let options = ConfirmSelectOptions::default();
            channel.confirm_select(options).await?;
        }
        Ok(channel)
    }

    /// Gives the broker a new secret for the user that the connection is of. One that was given up on may
    /// be taken all the same.
    pub(crate) async fn update_secret(
        &self,
        secret: &str,
        deadline: Instant,
    ) -> Result<(), AmqpError> {
        let began = clock::now();
        let reason = "the old one runs out".into();
        let updating = self.connection.update_secret(secret.into(), reason);
        match timeout_at(deadline, updating).await {
            Ok(updated) => updated.map_err(AmqpError::Lapin),
            Err(_) => Err(AmqpError::SecretTimeout {
                waited: began.elapsed(),
            }),
        }
    }

    /// Says goodbye to the broker if that is possible before the patience comes to its end, and ends the
    /// connection in any case. Returns whether the broker said goodbye too.
    pub(crate) async fn close(&self, out_of_patience: impl Future<Output = ()>) -> bool {
        let goodbye = async {
            self.settle().await;
            self.connection.close(REPLY_SUCCESS, "closed".into()).await
        };
        let heard = tokio::select! {
            heard = goodbye => heard.is_ok(),
            () = out_of_patience => false,
        };
        self.cut();
        heard
    }

    /// Waits until lapin is done with what came before. It closes a channel that was dropped by itself, and
    /// when the goodbye comes in between, takes the failure of that close for the connection's end. What it
    /// was told before a question was asked is on its way when there is an answer.
    async fn settle(&self) {
        if !self.is_usable() {
            return;
        }
        let asking = async {
            let channel = self.connection.create_channel().await?;
            channel.close(REPLY_SUCCESS, "settled".into()).await
        };
        let _ = timeout(GOODBYE / 2, asking).await;
    }

    /// Ends the connection without a word.
    pub(crate) fn cut(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.line.cut();
    }
}

/// Closes a channel, once the broker has dealt with everything that was sent on it.
///
/// When the broker closes a channel, over a message for instance, while the client closes it too, the
/// whole connection is lost: lapin takes the broker's answer to its close for a frame on an unknown
/// channel. So the broker is asked something first. When it has answered, no complaint about what came
/// before can follow; and when it complains, there is nothing left to close. Nor is it left to lapin to
/// close a channel that is dropped, for it takes the connection down when that close fails. This one's
/// errors are of no interest.
pub(crate) async fn close_when_settled(channel: Channel) {
    if !channel.status().connected() {
        return;
    }
    let dealt_with = channel.basic_qos(0, BasicQosOptions::default());
    if let Ok(Ok(())) = timeout(CLOSE_TIMEOUT, dealt_with).await {
        let closing = channel.close(REPLY_SUCCESS, "not needed any more".into());
        let _ = timeout(CLOSE_TIMEOUT, closing).await;
    }
}

/// Drops a channel, once the broker has dealt with everything that was sent on it: for the reason why
/// [`close_when_settled`] asks first. This one may still be used by others, so the question changes nothing.
pub(crate) async fn drop_when_settled(channel: Channel) {
    let dealt_with = channel.channel_flow(ChannelFlowOptions { active: true });
    let _ = timeout(CLOSE_TIMEOUT, dealt_with).await;
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("epoch", &self.epoch)
            .field("up", &self.is_up())
            .field("blocked", &self.is_blocked())
            .finish_non_exhaustive()
    }
}

/// How long a goodbye may take when nobody said how long it may.
pub(crate) const GOODBYE: Duration = Duration::from_millis(500);

/// How long the broker may take for each step of closing a channel that nobody uses any more.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

const REPLY_SUCCESS: u16 = 200;
