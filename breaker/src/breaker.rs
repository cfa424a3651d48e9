//! The handle: what a user does with a breaker, calls apart.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::builder::Builder;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::error::ConfigError;
use crate::machine::with_observer;
use crate::mode::Mode;
use crate::observer::Observer;
use crate::permit::Permit;
use crate::rejected::Rejected;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::state::{Outcome, State};

/// A circuit breaker: a cheap handle, all clones of which share one state.
///
/// # Examples
/// ```
/// use steadfast_breaker::{CircuitBreaker, Error, State};
///
/// let breaker = CircuitBreaker::builder("payments").failure_threshold(2).build()?;
/// for _ in 0..2 {
///     let answer = breaker.call_blocking(|| Err::<(), _>("connection refused"));
///     assert_eq!(answer, Err(Error::Operation("connection refused")));
/// }
/// assert_eq!(breaker.state(), State::Open);
///
/// let answer = breaker.call_blocking(|| Ok::<_, &str>("not even asked"));
/// assert!(answer.unwrap_err().rejected().is_some());
/// # Ok::<_, steadfast_breaker::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct CircuitBreaker {
    shared: Arc<Shared>,
}

impl CircuitBreaker {
    /// Starts building a breaker. The name appears in rejections, events and metrics.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(name: Arc<str>, settings: Arc<Settings>, clock: Clock) -> Self {
        Self {
            shared: Arc::new(Shared::new(name, settings, clock)),
        }
    }

    /// Asks to make a call. The permit must be given the call's outcome; dropped without one, it
    /// counts the call as abandoned.
    ///
    /// # Errors
    /// [`Rejected`] while the breaker is open, half-open with every probe in flight, or ramping up.
    ///
    /// # Examples
    /// ```
    /// # use steadfast_breaker::CircuitBreaker;
    /// # let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// let permit = breaker.try_acquire()?;
    /// permit.success();
    /// assert_eq!(breaker.snapshot().totals.success, 1);
    /// # Ok::<_, steadfast_breaker::Rejected>(())
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit, Rejected> {
        let ticket = self.shared.admit()?;
        Ok(Permit::new(Arc::clone(&self.shared), ticket))
    }

    /// Records a call that was made without asking the breaker: a health check, a push from the other
    /// side, a call of another layer. It moves a closed breaker like any other result; while open or
    /// half-open it counts in the totals alone, for only probes decide there.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// use steadfast_breaker::{CircuitBreaker, Outcome, State};
    ///
    /// let breaker = CircuitBreaker::builder("payments").failure_threshold(1).build()?;
    /// breaker.observe(Outcome::Failure, Duration::from_millis(30));
    /// assert_eq!(breaker.state(), State::Open);
    /// # Ok::<_, steadfast_breaker::ConfigError>(())
    /// ```
    pub fn observe(&self, outcome: Outcome, duration: Duration) {
        self.shared.observe(outcome, duration);
    }

    /// Writes down an error that a call has ended in, for those who want to know why the breaker opened:
    /// [`Snapshot::last_errors`] tells the last message of each class, how many there were, and when. It counts
    /// nothing and moves no state.
    ///
    /// Note it before the call is recorded, so that an observer of the transition already finds it; in a
    /// [classifier](Self::classify), for instance. Steadfast's clients for HTTP and AMQP do so by themselves, and
    /// a call that panics is noted as `panic`.
    ///
    /// `class` is for counting: a word or a status of at most 64 bytes, and no text that differs each time. The
    /// newest eight classes are kept. `message` is for people: one line of at most 240 bytes. What is longer is cut,
    /// and characters that end a line or turn its direction become spaces. Both can end up on a dashboard, so
    /// **leave out what is secret**. They are noted in every [`Mode`], and kept until the breaker is gone.
    ///
    /// # Panics
    /// Only if printing the message does.
    ///
    /// # Examples
    /// ```
    /// use steadfast_breaker::{CircuitBreaker, Outcome};
    ///
    /// let breaker = CircuitBreaker::builder("payments").build()?;
    /// let judge = |answer: &Result<(), std::io::Error>| match answer {
    ///     Ok(()) => Outcome::Success,
    ///     Err(error) => {
    ///         breaker.note_error("io", error);
    ///         Outcome::Failure
    ///     }
    /// };
    /// for _ in 0..3 {
    ///     let refused = || Err(std::io::Error::other("connection refused"));
    ///     breaker.classify(judge).call_blocking(refused).unwrap_err();
    /// }
    /// let last = &breaker.snapshot().last_errors[0];
    /// assert_eq!((&*last.class, &*last.message, last.count), ("io", "connection refused", 3));
    /// # Ok::<_, steadfast_breaker::ConfigError>(())
    /// ```
    pub fn note_error(&self, class: &str, message: impl fmt::Display) {
        self.shared.note_error(class, &message);
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The state, read without a lock. An open breaker stays open in here until a call finds its open
    /// time over; one that was forced open, until a call, [`mode`](Self::mode) or a snapshot finds the end
    /// of the mode.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.door.word().state()
    }

    /// The mode at this moment. Unlike [`state`](Self::state) it notices that a mode has come to its end, and
    /// then tells the observers on this thread; so does [`snapshot`](Self::snapshot).
    #[must_use]
    pub fn mode(&self) -> Mode {
        let shared = &self.shared;
        let now = shared.door.now();
        let mut machine = shared.machine.lock();
        let ended = machine.end_mode(&shared.door, now);
        let mode = machine.mode();
        drop(machine);
        shared.report_mode(ended);
        mode
    }

    /// Sets the mode until further notice, and says why. Takes effect at once: the next call meets it.
    /// Setting the present mode again replaces its reason and its end.
    ///
    /// # Examples
    /// ```
    /// use steadfast_breaker::{CircuitBreaker, Mode};
    ///
    /// let breaker = CircuitBreaker::builder("payments").build().unwrap();
    /// breaker.set_mode(Mode::ForcedOpen, "payments is being moved");
    /// let rejected = breaker.try_acquire().unwrap_err();
    /// assert_eq!(rejected.forced_because(), Some("payments is being moved"));
    /// ```
    pub fn set_mode(&self, mode: Mode, reason: impl Into<Arc<str>>) {
        self.change_mode(mode, reason.into(), None);
    }

    /// Sets the mode for so long; then the breaker is automatic again. The end is noticed by the next
    /// call or snapshot. For [`Mode::Automatic`] the duration means nothing.
    pub fn set_mode_for(&self, mode: Mode, reason: impl Into<Arc<str>>, duration: Duration) {
        self.change_mode(mode, reason.into(), Some(clock::nanos(duration)));
    }

    fn change_mode(&self, mode: Mode, reason: Arc<str>, expires_in: Option<u64>) {
        let shared = &self.shared;
        let now = shared.door.now();
        let expires_in = expires_in.filter(|_| mode != Mode::Automatic);
        let mut machine = shared.machine.lock();
        let ended = machine.end_mode(&shared.door, now);
        let changed = machine.set_mode(&shared.door, mode, Some(reason), expires_in, now);
        drop(machine);
        shared.report_mode(ended);
        shared.report_mode(Some(changed));
    }

    /// Begins anew: automatic, closed, with nothing in the window and the shortest open time. Calls in
    /// flight no longer matter; totals stay.
    pub fn reset(&self) {
        let shared = &self.shared;
        let now = shared.door.now();
        let mut machine = shared.machine.lock();
        let ended = machine.end_mode(&shared.door, now);
        let (mode, step) = machine.reset(&shared.door, now);
        drop(machine);
        shared.report_mode(ended);
        shared.report_mode(mode);
        shared.report(step);
    }

    /// Goes over to other settings while in use. State, mode, totals and the calls in flight stay; so
    /// does what the window holds, as far as it still makes sense: the newest calls of a count window,
    /// all of a time window of the same length. An open breaker stays open for the new time, from when it
    /// opened. Nothing trips by this alone; the next result is judged by the new rules.
    ///
    /// What was not counted before cannot be counted now: failures in a row begin anew with the rule about
    /// them, open times grow from the present opening on, and calls that began before `slow_call_duration` was
    /// given are never slow.
    ///
    /// # Errors
    /// [`ConfigError`] lists every field that breaks its rule; nothing has changed then.
    ///
    /// # Examples
    /// ```
    /// # use steadfast_breaker::CircuitBreaker;
    /// let breaker = CircuitBreaker::builder("payments").failure_rate(0.5).build()?;
    /// let mut config = breaker.config();
    /// config.failure_rate = Some(0.3);
    /// breaker.reconfigure(config)?;
    /// # Ok::<_, steadfast_breaker::ConfigError>(())
    /// ```
    pub fn reconfigure(&self, config: Config) -> Result<(), ConfigError> {
        let shared = &self.shared;
        let fields = config.broken_fields();
        if !fields.is_empty() {
            return Err(ConfigError::new(Arc::clone(&shared.name), fields));
        }
        let settings = Arc::new(Settings::new(config));
        let now = shared.door.now();
        let mut machine = shared.machine.lock();
        let ended = machine.end_mode(&shared.door, now);
        machine.reconfigure(&shared.door, settings, now);
        drop(machine);
        shared.report_mode(ended);
        Ok(())
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> Config {
        let settings = Arc::clone(self.shared.machine.lock().settings());
        settings.config.clone()
    }

    /// A consistent reading of state and counts. It notices that a mode has come to its end, and then tells
    /// the observers on this thread.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let shared = &self.shared;
        let now = shared.door.now();
        let mut machine = shared.machine.lock();
        let ended = machine.end_mode(&shared.door, now);
        let snapshot = shared.read(&mut machine, now);
        drop(machine);
        shared.report_mode(ended);
        snapshot
    }

    /// Adds an observer to a breaker that is already in use. Observers stay for good.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        let shared = &self.shared;
        let hears = observer.hears_rejections();
        let mut machine = shared.machine.lock();
        let observers = with_observer(machine.observers().as_ref(), observer);
        machine.set_observers(&shared.door, observers, hears);
    }

    /// Whether both handles share one state.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// A handle that does not keep the breaker alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakCircuitBreaker {
        WeakCircuitBreaker {
            shared: Arc::downgrade(&self.shared),
        }
    }

    /// Whether nobody else can use this breaker: no other handle, permit or call is alive. A
    /// [`WeakCircuitBreaker`] is not counted.
    pub(crate) fn is_only_handle(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    /// Whether the breaker is as good as a new one, but for its counts: closed, and no mode is set nor was
    /// one that has ended unnoticed. Looks, and moves nothing.
    ///
    /// The state is that of the machine, under its lock: read without it, it may be that of before a call
    /// of which [`is_only_handle`](Self::is_only_handle) already knows that it has ended.
    pub(crate) fn is_as_new(&self) -> bool {
        let machine = self.shared.machine.lock();
        machine.state() == State::Closed && machine.mode() == Mode::Automatic
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &self.shared.name)
            .field("state", &self.state())
            .field("config", &self.config())
            .finish_non_exhaustive()
    }
}

/// A handle that does not keep its breaker alive, made by [`CircuitBreaker::downgrade`].
#[derive(Clone)]
pub struct WeakCircuitBreaker {
    shared: Weak<Shared>,
}

impl WeakCircuitBreaker {
    /// The breaker, if any other handle or permit still keeps it alive.
    #[must_use]
    pub fn upgrade(&self) -> Option<CircuitBreaker> {
        self.shared
            .upgrade()
            .map(|shared| CircuitBreaker { shared })
    }

    /// Whether both handles are of the same breaker.
    #[must_use]
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

impl fmt::Debug for WeakCircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakCircuitBreaker").finish_non_exhaustive()
    }
}
