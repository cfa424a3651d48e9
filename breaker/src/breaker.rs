//! The breaker itself: the state machine behind its lock, and what reports its steps.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

use crate::builder::{Builder, Settings};
use crate::clock;
use crate::machine::{Ending, Machine, Step, Steps, Ticket, needs_clock};
use crate::observer::{Observer, Transition};
use crate::permit::Permit;
use crate::rejected::Rejected;
use crate::snapshot::Snapshot;
use crate::state::State;

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

pub(crate) struct Shared {
    name: Arc<str>,
    settings: Settings,
    machine: Mutex<Machine>,
    observers: RwLock<Arc<[Arc<dyn Observer>]>>,
    /// A count that orders nothing, hence relaxed.
    observer_panics: AtomicU64,
}

impl CircuitBreaker {
    /// Starts building a breaker. The name appears in rejections, events and metrics.
    pub fn builder(name: impl Into<Arc<str>>) -> Builder {
        Builder::new(name.into())
    }

    pub(crate) fn new(
        name: Arc<str>,
        settings: Settings,
        observers: Vec<Arc<dyn Observer>>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                name,
                settings,
                machine: Mutex::new(Machine::new(clock::now())),
                observers: RwLock::new(observers.into()),
                observer_panics: AtomicU64::new(0),
            }),
        }
    }

    /// Asks to make a call. The permit must be given the call's outcome; dropped without one, it
    /// counts the call as abandoned.
    ///
    /// # Errors
    /// [`Rejected`] while the breaker is open, or half-open with every probe in flight.
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
    pub fn try_acquire(&self) -> Result<Permit, Rejected> {
        let ticket = self.shared.admit()?;
        Ok(Permit::new(Arc::clone(&self.shared), ticket))
    }

    /// The name given to [`builder`](Self::builder).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The state. An open breaker stays open in here until a call finds its open time over.
    #[must_use]
    pub fn state(&self) -> State {
        self.shared.machine.lock().state()
    }

    /// A consistent reading of state and counts.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let shared = &self.shared;
        let now = clock::now();
        let machine = shared.machine.lock();
        let mut totals = *machine.totals();
        totals.observer_panics = shared.observer_panics.load(Ordering::Relaxed);
        Snapshot {
            name: Arc::clone(&shared.name),
            state: machine.state(),
            in_state_for: now.saturating_duration_since(machine.entered()),
            cause: machine.cause(),
            retry_after: machine.retry_after(&shared.settings, now),
            generation: machine.generation(),
            consecutive_failures: machine.consecutive_failures(&shared.settings, now),
            in_flight: machine.in_flight(),
            totals,
        }
    }

    /// Adds an observer to a breaker that is already in use. Observers stay for good.
    pub fn add_observer(&self, observer: Arc<dyn Observer>) {
        let mut observers = self.shared.observers.write();
        *observers = observers.iter().cloned().chain([observer]).collect();
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

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl Shared {
    /// Lets a call through or not. The closed path reads no clock; the others read it outside the lock.
    pub(crate) fn admit(&self) -> Result<Ticket, Rejected> {
        if let Some(ticket) = self.machine.lock().admit_closed() {
            return Ok(ticket);
        }
        self.admit_unless_closed()
    }

    #[cold]
    fn admit_unless_closed(&self) -> Result<Ticket, Rejected> {
        let now = clock::now();
        let (answer, steps) = self.machine.lock().admit(&self.settings, now);
        self.report(steps);
        answer.map_err(|refusal| {
            let rejected = Rejected::new(Arc::clone(&self.name), refusal);
            self.observe(|observer| observer.rejected(&rejected));
            rejected
        })
    }

    pub(crate) fn settle(&self, ticket: Ticket, ending: Ending) {
        let now = needs_clock(ticket, ending).then(clock::now);
        let step = self
            .machine
            .lock()
            .settle(&self.settings, ticket, ending, now);
        if step.is_some() {
            self.report([step, None]);
        }
    }

    fn report(&self, steps: Steps) {
        for step in steps.into_iter().flatten() {
            let Step {
                from,
                to,
                cause,
                generation,
            } = step;
            let transition = Transition {
                name: Arc::clone(&self.name),
                from,
                to,
                cause,
                generation,
            };
            self.observe(|observer| observer.transition(&transition));
        }
    }

    /// Runs user code, so no lock is held: the list is cloned out first.
    fn observe(&self, tell: impl Fn(&dyn Observer)) {
        let observers = Arc::clone(&self.observers.read());
        for observer in observers.iter() {
            if catch_unwind(AssertUnwindSafe(|| tell(&**observer))).is_err() {
                self.observer_panics.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CircuitBreaker")
            .field("name", &self.shared.name)
            .field("state", &self.state())
            .field("settings", &self.shared.settings)
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
