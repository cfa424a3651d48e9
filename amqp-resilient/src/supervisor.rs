//! The one task behind a connection: it connects, watches, reconnects, and closes.

mod connect;
mod refresh;
mod round;
mod up;

use std::sync::Arc;
use std::time::Duration;

use steadfast_breaker::{Mode, ModeChange, Permit, Reason, Rejected, Transition};
use steadfast_retry::{Attempt, Backoff, Verdict};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout};

pub(crate) use self::connect::Barred;
use self::up::Up;
use crate::access::Access;
use crate::clock;
use crate::close::CloseReport;
use crate::defaults::STABLE_AFTER;
use crate::error::AmqpError;
use crate::hub::{Hub, Intent};
use crate::link::Event;
use crate::session::GOODBYE;

pub(crate) struct Supervisor {
    pub(crate) hub: Arc<Hub>,
    pub(crate) access: Arc<Access>,
    pub(crate) refresh_backoff: Backoff,
    pub(crate) breaker_moved: BreakerMoved,
    pub(crate) barred: Barred,
}

/// Tells of a breaker that may let through now what it has just rejected, because somebody has set its
/// mode or reset it.
#[derive(Clone, Default)]
pub(crate) struct BreakerMoved(Arc<Notify>);

impl steadfast_breaker::Observer for BreakerMoved {
    fn transition(&self, _: &Transition) {
        self.0.notify_waiters();
    }

    fn mode_changed(&self, _: &ModeChange) {
        self.0.notify_waiters();
    }

    fn hears_rejections(&self) -> bool {
        false
    }
}

/// Why there is no connection.
type Down = Arc<AmqpError>;

impl Supervisor {
    /// Runs until the program closes the connection or drops its last handle.
    pub(crate) fn run(self) -> impl Future<Output = ()> + Send {
        // From now on, so that the connection is closed even if there is nothing to run it.
        let ending = Ending {
            hub: Arc::clone(&self.hub),
            report: None,
        };
        async move {
            let mut intent = self.hub.watch_intent();
            tokio::select! {
                biased;
                _ = intent.wait_for(|intent| *intent != Intent::Run) => {}
                () = self.keep_connected() => {}
            }
            self.wind_up(ending).await;
        }
    }

    async fn keep_connected(&self) {
        let mut loss = None;
        loop {
            let mut up = self.establish(loss.take()).await;
            self.barred.lock().clear();
            let error = self.attend(&mut up).await;
            if is_on_purpose(&error) {
                continue;
            }
            // A connection that was stable and went down counts against the broker once.
            if !up.session.is_worn_out()
                && let Ok(permit) = self.hub.breaker.try_acquire()
            {
                fail(permit, &error);
            }
            loss = Some(error);
        }
    }

    /// Connects, however often that takes, and returns once the connection has proved stable.
    ///
    /// Attempts are spaced by backoff with jitter, and gated by the breaker. One that connects and
    /// goes down again at once has failed like any other: the backoff goes on growing. After a
    /// loss the first attempt is the one that was lost, so even the first reconnection waits a
    /// little, and a thousand clients of one broker do not come back in the same instant.
    ///
    /// One that is asked for is made at once, and the waits begin anew.
    async fn establish(&self, mut loss: Option<Down>) -> Up {
        loop {
            let lost = u32::from(loss.is_some());
            let connecting = self
                .hub
                .retry
                .classify(|result: &Result<Up, Down>| match result {
                    Ok(_) => Verdict::Accept,
                    Err(error) if matches!(**error, AmqpError::Refused { .. }) => {
                        // Up to a quarter more is left to chance, which makes it `max_backoff` at most.
                        Verdict::RetryAfter(self.hub.settings.max_backoff / 5 * 4)
                    }
                    Err(_) => Verdict::Retry,
                })
                .on_retry(|_, _, wait| {
                    let at = clock::after(wait);
                    self.hub.apply(Event::RetryPlanned { at });
                })
                .call(|attempt: Attempt| {
                    let number = attempt.number();
                    let loss = loss.as_ref().filter(|_| number == 1).map(Arc::clone);
                    async move {
                        match loss {
                            Some(loss) => Err(loss),
                            None => self.attempt(number - lost).await,
                        }
                    }
                });
            tokio::select! {
                biased;
                connected = connecting => match connected {
                    Ok(up) => return up,
                    // Four thousand million attempts have failed: begin to count anew.
                    Err(_) => continue,
                },
                () = self.hub.asked_while_waiting() => {}
            }
            loss = None;
        }
    }

    async fn attempt(&self, number: u32) -> Result<Up, Down> {
        let permit = self.admission().await;
        let hub = &self.hub;
        hub.apply(Event::AttemptBegan {
            attempt: number,
            endpoint: self.access.first(),
        });
        hub.begin_reconnect();
        let mut up = match self.connect().await {
            Ok(up) => up,
            Err(error) => {
                if let Some(permit) = permit {
                    fail(permit, &error);
                }
                let error = Arc::new(error);
                hub.apply(Event::AttemptFailed {
                    error: Arc::clone(&error),
                });
                return Err(error);
            }
        };
        match timeout(STABLE_AFTER, self.attend(&mut up)).await {
            Err(_) => {
                match permit {
                    Some(permit) => permit.success(),
                    // It was open, and the broker is there. Unless somebody has set it otherwise since.
                    None if hub.breaker.snapshot().mode == Mode::Automatic => hub.breaker.reset(),
                    None => {}
                }
                Ok(up)
            }
            Ok(error) => {
                match permit {
                    Some(permit) if is_on_purpose(&error) => permit.ignore(),
                    Some(permit) if up.session.is_worn_out() => permit.success(),
                    Some(permit) => fail(permit, &error),
                    None => {}
                }
                Err(error)
            }
        }
    }

    /// Waits for the breaker's leave to try. `None`: it gives none, but somebody has asked for an attempt, who
    /// knows better. A breaker that was forced open by somebody stands.
    async fn admission(&self) -> Option<Permit> {
        loop {
            // From before the question, so that no change in between is missed.
            let moved = self.breaker_moved.0.notified();
            match self.hub.breaker.try_acquire() {
                Ok(permit) => return Some(permit),
                Err(rejected) if rejected.reason() == Reason::ForcedOpen => {
                    self.hub.forget_reconnect();
                    self.wait_for_breaker(&rejected, moved).await;
                }
                Err(_) if self.hub.is_reconnect_asked() => return None,
                Err(rejected) => self.wait_for_breaker(&rejected, moved).await,
            }
        }
    }

    /// Waits until it makes sense to ask the breaker again.
    async fn wait_for_breaker(&self, rejected: &Rejected, moved: impl Future<Output = ()>) {
        let unknown = match rejected.reason() {
            Reason::ForcedOpen => self.hub.settings.max_backoff,
            _ => ASK_BREAKER_AGAIN,
        };
        let wait = rejected.retry_after().unwrap_or(unknown);
        let at = clock::after(wait.max(Duration::from_millis(1)));
        self.hub.apply(Event::RetryPlanned { at });
        tokio::select! {
            () = sleep_until(at) => {}
            () = moved => {}
        }
    }

    /// Watches a connection until it is lost.
    async fn attend(&self, up: &mut Up) -> Down {
        let lost = tokio::select! {
            biased;
            lost = up.watch(|event| self.hub.apply(event)) => Ok(lost),
            reason = self.hub.reconnect_asked() => Err(reason),
        };
        let error = match lost {
            Ok(lost) => lost,
            Err(reason) => {
                up.session.close(sleep(GOODBYE)).await;
                AmqpError::Reconnect { reason }
            }
        };
        let error = Arc::new(error);
        self.hub.apply(Event::Lost {
            error: Arc::clone(&error),
        });
        error
    }

    /// Lets finish what is in flight, as far as there is time, and closes.
    async fn wind_up(&self, mut ending: Ending) {
        let hub = &self.hub;
        hub.pools.close();
        hub.apply(Event::Draining);
        let session = hub.read(|link| link.session().cloned());
        let soonest = clock::now() + GOODBYE;
        while let Intent::Drain(deadline) = hub.intent() {
            let alive = session.as_ref().is_some_and(|session| session.is_up());
            if !alive || hub.pools.in_use() == 0 || clock::now() >= deadline {
                break;
            }
            sleep(DRAIN_LOOK.min(deadline.saturating_duration_since(clock::now()))).await;
        }
        let abandoned = hub.pools.in_use();
        let graceful = match session {
            Some(session) => {
                let soonest = soonest.max(clock::now() + GOODBYE / 2);
                session.close(self.out_of_patience(soonest)).await
            }
            None => true,
        };
        ending.report = Some(CloseReport::new(graceful, abandoned));
    }

    /// Waits until the goodbye must be over: until the grace is, which may be cut short meanwhile.
    async fn out_of_patience(&self, soonest: Instant) {
        let mut intent = self.hub.watch_intent();
        loop {
            let by = match *intent.borrow_and_update() {
                Intent::Drain(deadline) => deadline.max(soonest),
                Intent::Run | Intent::Abandon => soonest,
            };
            tokio::select! {
                () = sleep_until(by) => return,
                _ = intent.changed() => {}
            }
        }
    }
}

/// A failure, and what it was, for people.
fn fail(permit: Permit, error: &AmqpError) {
    permit.note_error(error.error_type(), error);
    permit.failure();
}

/// Whether the connection was ended because somebody has asked for another.
fn is_on_purpose(error: &AmqpError) -> bool {
    matches!(error, AmqpError::Reconnect { .. })
}

/// Marks the connection as closed when the supervisor ends, in whatever way it does.
struct Ending {
    hub: Arc<Hub>,
    report: Option<CloseReport>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.hub.pools.end();
        let unclean = || CloseReport::new(false, self.hub.pools.in_use());
        let report = self.report.unwrap_or_else(unclean);
        self.hub.apply(Event::Closed { report });
    }
}

const DRAIN_LOOK: Duration = Duration::from_millis(5);

/// For a rejection that does not say when: a probe of somebody else's is under way.
const ASK_BREAKER_AGAIN: Duration = Duration::from_millis(100);
