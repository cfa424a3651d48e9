//! Exporting over OTLP: one call sets up traces and metrics.
//!
//! ```text
//!   your threads        OpenTelemetry's threads            steadfast-otlp
//!   span ends ──▶ queue ─▶ batches ────────┐
//!                                          ├──▶ gate ──▶ one runtime: HTTP, gRPC, timers ──▶ receiver
//!   counters ◀── collects every minute ────┘     ▲
//!                                                └── closed at the deadline of a shutdown
//! ```
//! The exporters need a runtime, and the SDK's threads that drive them have none. On that of the
//! application a shutdown deadlocks when it has one thread, which then waits for itself. So there is a
//! thread with a runtime that nobody else uses.

mod builder;
mod error;
mod exporters;
mod gate;
mod pipeline;
mod sending;
mod settings;
mod tally;
mod target;
mod variables;
mod worker;

use std::fmt;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::sync::oneshot;

pub use self::builder::OtlpBuilder;
pub use self::error::{OtlpError, Undelivered};
pub use self::tally::OtlpSnapshot;
use self::worker::{Command, Outcome, Request, Running};
use crate::telemetry::Telemetry;

/// Sets up exporting of traces and metrics over OTLP, as the `OTEL_*` variables say, and makes the
/// providers OpenTelemetry's global ones. [`Otlp::builder`] has more settings.
///
/// Call it once, early, before [`Telemetry::new`]. It connects to nothing yet, needs no runtime, and
/// may be called within one.
///
/// # Errors
/// [`OtlpError`] if a variable is wrong, with all that are, or if a thread cannot be started.
///
/// # Examples
/// ```no_run
/// use std::time::Duration;
/// use steadfast_telemetry::{Telemetry, init_otlp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let otlp = init_otlp("orders")?;
/// let telemetry = Telemetry::new();
/// // watch components, serve requests, ...
/// otlp.shutdown(Duration::from_secs(5)).await?;
/// # Ok(())
/// # }
/// ```
pub fn init_otlp(service_name: impl Into<String>) -> Result<Otlp, OtlpError> {
    Otlp::builder(service_name).build()
}

/// Exporting over OTLP, while it lasts.
///
/// A cheap handle, all clones of which are one. When the last is dropped, a shutdown begins in the
/// background and nobody waits for it; so keep one to the end of `main`, and
/// [`shutdown`](Self::shutdown) there: what has not been sent when the process ends is lost.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use steadfast_telemetry::Otlp;
///
/// let otlp = Otlp::builder("orders").set_global(false).build()?;
/// let telemetry = otlp.telemetry().build()?;
/// let nobody_listens = otlp.shutdown_blocking(Duration::from_secs(5));
/// assert!(nobody_listens.unwrap_err().metrics);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "exporting ends when the last handle is dropped"]
pub struct Otlp {
    /// Nothing runs when there is nothing to export.
    running: Option<Arc<Running>>,
    disabled: bool,
}

impl Otlp {
    /// Starts setting up with other settings than [`init_otlp`]'s. `OTEL_SERVICE_NAME`, or a
    /// `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, wins over the name given here.
    pub fn builder(service_name: impl Into<String>) -> OtlpBuilder {
        OtlpBuilder::new(service_name.into())
    }

    pub(crate) fn new(running: Option<Running>, disabled: bool) -> Self {
        Self {
            running: running.map(Arc::new),
            disabled,
        }
    }

    /// A builder of [`Telemetry`] on these providers; on the global ones for a signal that is not
    /// exported here.
    pub fn telemetry(&self) -> crate::Builder {
        let mut builder = Telemetry::builder();
        if let Some(provider) = self.meter_provider() {
            builder = builder.meter_provider(provider);
        }
        if let Some(provider) = self.tracer_provider() {
            builder = builder.tracer_provider(provider);
        }
        builder
    }

    /// The provider whose metrics are exported; `None` if they are not.
    #[must_use]
    pub fn meter_provider(&self) -> Option<&SdkMeterProvider> {
        self.running.as_ref()?.meter_provider.as_ref()
    }

    /// The provider whose spans are exported; `None` if they are not.
    #[must_use]
    pub fn tracer_provider(&self) -> Option<&SdkTracerProvider> {
        self.running.as_ref()?.tracer_provider.as_ref()
    }

    /// Whether `OTEL_SDK_DISABLED` is true. There are no providers and no threads then, the global
    /// providers are as they were, and everything here does nothing, at once.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// What has become of spans and metrics so far.
    #[must_use]
    pub fn snapshot(&self) -> OtlpSnapshot {
        let tally = self
            .running
            .as_ref()
            .map(|running| running.tally.snapshot());
        tally.unwrap_or_default()
    }

    /// Exports now what has not been, and waits until the receiver has it, for at most so long.
    ///
    /// It works on any runtime, and blocks none. After a shutdown it says how that went.
    ///
    /// # Errors
    /// [`Undelivered`] says what the receiver has not taken, and why.
    ///
    /// # Cancel safety
    /// Dropping the future stops the wait, not the flush.
    pub async fn force_flush(&self, timeout: Duration) -> Result<(), Undelivered> {
        self.ask(Command::Flush, timeout).await
    }

    /// Exports what has not been and ends all threads, within `timeout`. What is still under way then
    /// is given up and lost. Spans that end later, and measurements, do nothing.
    ///
    /// It works on any runtime, also on one with a single thread, and blocks none. A second call gives
    /// the answer of the first; two at the same time share the shorter of their timeouts.
    ///
    /// # Errors
    /// [`Undelivered`] says what was lost, and why.
    ///
    /// # Cancel safety
    /// Dropping the future stops the wait, not the shutdown.
    pub async fn shutdown(&self, timeout: Duration) -> Result<(), Undelivered> {
        self.ask(Command::Shutdown, timeout).await
    }

    /// [`force_flush`](Self::force_flush) for code that is not async: blocks the thread for at most
    /// so long.
    ///
    /// # Errors
    /// [`Undelivered`] says what the receiver has not taken, and why.
    pub fn force_flush_blocking(&self, timeout: Duration) -> Result<(), Undelivered> {
        self.ask_blocking(Command::Flush, timeout)
    }

    /// [`shutdown`](Self::shutdown) for code that is not async: blocks the thread for at most so long.
    /// Within a runtime it does no harm but that. After another second it comes back even if the thread that
    /// sends is held up itself, in a subscriber of `tracing` for instance, or was left behind by a fork.
    ///
    /// # Errors
    /// [`Undelivered`] says what was lost, and why.
    pub fn shutdown_blocking(&self, timeout: Duration) -> Result<(), Undelivered> {
        self.ask_blocking(Command::Shutdown, timeout)
    }

    async fn ask(&self, command: fn(Request) -> Command, timeout: Duration) -> Outcome {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |outcome| drop(answer.send(outcome)));
        running.send(command(Request { timeout, reply }));
        match answered.await {
            Ok(outcome) => outcome,
            Err(_) => running.last_word(),
        }
    }

    fn ask_blocking(&self, command: fn(Request) -> Command, timeout: Duration) -> Outcome {
        let Some(running) = &self.running else {
            return Ok(());
        };
        let (answer, answered) = mpsc::sync_channel(1);
        let reply = Box::new(move |outcome| drop(answer.send(outcome)));
        running.send(command(Request { timeout, reply }));
        match answered.recv_timeout(timeout.saturating_add(GRACE)) {
            Ok(outcome) => outcome,
            Err(mpsc::RecvTimeoutError::Disconnected) => running.last_word(),
            Err(mpsc::RecvTimeoutError::Timeout) => running.no_word(),
        }
    }
}

/// The thread that sends answers in time. This is for when it cannot.
const GRACE: Duration = Duration::from_secs(1);

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("traces", &self.tracer_provider().is_some())
            .field("metrics", &self.meter_provider().is_some())
            .field("disabled", &self.disabled)
            .field("snapshot", &self.snapshot())
            .finish()
    }
}
