//! The thread that sends, flushes and shuts down.
//!
//! It has a runtime of its own, so that exporting depends on no runtime of the application: there may
//! be none, it may have one thread that is blocked, its clock may be paused, or it may be gone by the
//! time of the shutdown. Whatever of the SDK blocks runs on threads made for the purpose, and is
//! waited for in here with a timer that always runs.

use std::pin::pin;
use std::sync::{Arc, OnceLock, mpsc as std_mpsc};
use std::time::Duration;
use std::{io, thread};

use opentelemetry::Context;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{sleep, timeout};

use super::error::{OtlpError, Undelivered};
use super::pipeline::{Pipeline, Signal};
use super::sending::sends_from_here;
use super::settings::Settings;
use super::tally::{OtlpSnapshot, Tally};

pub(crate) type Outcome = Result<(), Undelivered>;

/// What the SDK said; an error if no thread could be started to ask it.
type Done = Result<OTelSdkResult, oneshot::error::RecvError>;

pub(crate) enum Command {
    Flush(Request),
    Shutdown(Request),
}

pub(crate) struct Request {
    pub(crate) timeout: Duration,
    pub(crate) reply: Box<dyn FnOnce(Outcome) + Send>,
}

/// What the handle has of the worker. The worker shuts down when the sender is gone.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) commands: mpsc::UnboundedSender<Command>,
    pub(crate) tracer_provider: Option<SdkTracerProvider>,
    pub(crate) meter_provider: Option<SdkMeterProvider>,
    pub(crate) tally: Arc<Tally>,
    /// How the shutdown went, once it is over.
    pub(crate) outcome: Arc<OnceLock<Outcome>>,
}

impl Running {
    /// A command that finds nobody is dropped, and whoever waits for its reply sees that.
    pub(crate) fn send(&self, command: Command) {
        drop(self.commands.send(command));
    }

    /// For whoever came after the end.
    pub(crate) fn last_word(&self) -> Outcome {
        let outcome = self.outcome.get().cloned();
        outcome.unwrap_or_else(|| self.without_worker(false, "the OTLP thread has ended"))
    }

    /// For whoever has waited in vain: it has been stopped, or is not in this process.
    pub(crate) fn no_word(&self) -> Outcome {
        self.without_worker(true, "the OTLP thread does not answer")
    }

    fn without_worker(&self, timed_out: bool, reason: &str) -> Outcome {
        Err(Undelivered {
            spans: self.tally.snapshot().spans_waiting,
            metrics: self.meter_provider.is_some(),
            timed_out,
            reason: Some(reason.to_owned()),
        })
    }
}

struct Worker {
    pipeline: Arc<Pipeline>,
    inbox: mpsc::UnboundedReceiver<Command>,
    outcome: Arc<OnceLock<Outcome>>,
    /// For a shutdown that nobody asks for.
    default_timeout: Duration,
}

/// Starts the worker and waits until everything is built.
pub(crate) fn start(settings: Settings, default_timeout: Duration) -> Result<Running, OtlpError> {
    let (ready, built) = std_mpsc::sync_channel(1);
    let body = move || {
        // For other providers, and for the transports' events that somebody exports as logs.
        let _suppressed = Context::enter_telemetry_suppressed_scope();
        sends_from_here();
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(ready.send(Err(OtlpError::Thread(error)))),
        };
        let pipeline = {
            let _entered = runtime.enter();
            Pipeline::build(&settings, runtime.handle().clone())
        };
        let pipeline = match pipeline {
            Ok(pipeline) => Arc::new(pipeline),
            Err(error) => return drop(ready.send(Err(OtlpError::Exporter(error)))),
        };
        let (commands, inbox) = mpsc::unbounded_channel();
        let outcome = Arc::new(OnceLock::new());
        let running = Running {
            commands,
            tracer_provider: pipeline
                .traces
                .as_ref()
                .map(|signal| signal.provider.clone()),
            meter_provider: pipeline
                .metrics
                .as_ref()
                .map(|signal| signal.provider.clone()),
            tally: Arc::clone(&pipeline.tally),
            outcome: Arc::clone(&outcome),
        };
        drop(ready.send(Ok(running)));
        let worker = Worker {
            pipeline,
            inbox,
            outcome,
            default_timeout,
        };
        // It hands the providers back, which are dropped last: whatever of them still wants to be
        // exported then finds the gate closed.
        let _providers = runtime.block_on(worker.run());
        // A look-up of a name may still hang in there.
        runtime.shutdown_background();
    };
    let thread = thread::Builder::new().name("steadfast-otlp".to_owned());
    thread.spawn(body).map_err(OtlpError::Thread)?;
    let died = |_| OtlpError::Thread(io::Error::other("it ended while it was being set up"));
    built.recv().map_err(died)?
}

impl Worker {
    async fn run(mut self) -> Arc<Pipeline> {
        loop {
            match self.inbox.recv().await {
                Some(Command::Flush(request)) => self.begin_flush(request),
                Some(Command::Shutdown(request)) => {
                    self.shut_down(request.timeout, vec![request]).await;
                    return self.pipeline;
                }
                None => {
                    self.shut_down(self.default_timeout, Vec::new()).await;
                    return self.pipeline;
                }
            }
        }
    }

    fn begin_flush(&self, request: Request) {
        let pipeline = Arc::clone(&self.pipeline);
        tokio::spawn(async move {
            let outcome = flush(&pipeline, request.timeout).await;
            (request.reply)(outcome);
        });
    }

    /// The shutdown is a flush; this one has its own patience.
    fn join_shutdown(&self, request: Request) {
        let pipeline = Arc::clone(&self.pipeline);
        let outcome = Arc::clone(&self.outcome);
        let since = pipeline.tally.failures();
        tokio::spawn(async move {
            let ended = timeout(request.timeout, pipeline.gate.closed()).await;
            let outcome = outcome.get().filter(|_| ended.is_ok()).cloned();
            (request.reply)(outcome.unwrap_or_else(|| {
                let spans = pipeline.tally.snapshot().spans_waiting;
                let metrics = pipeline.metrics.is_some();
                undelivered(spans, metrics, true, pipeline.tally.reason(since))
            }));
        });
    }

    /// Ends everything, for whoever asks for it meanwhile too: the shortest patience counts.
    async fn shut_down(&mut self, patience: Duration, mut askers: Vec<Request>) {
        let before = self.pipeline.tally.snapshot();
        let since = self.pipeline.tally.failures();
        let mut deadline = pin!(sleep(patience));
        let mut ended = pin!(end(&self.pipeline, patience));
        let timed_out = loop {
            tokio::select! {
                biased;
                () = &mut ended => break false,
                Some(command) = self.inbox.recv() => match command {
                    Command::Flush(request) => self.join_shutdown(request),
                    Command::Shutdown(request) => {
                        let sooner = sleep(request.timeout).deadline();
                        if sooner < deadline.deadline() {
                            deadline.as_mut().reset(sooner);
                        }
                        askers.push(request);
                    }
                },
                () = &mut deadline => break true,
            }
        };
        // Closed before it is said what is lost, so that nothing of that arrives after all.
        let reason = self.pipeline.tally.reason(since);
        self.pipeline.gate.close();
        let outcome = self.outcome(&before, timed_out, reason);
        let outcome = self.outcome.get_or_init(|| outcome);
        for asker in askers {
            (asker.reply)(outcome.clone());
        }
        self.inbox.close();
        while let Some(Command::Flush(asker) | Command::Shutdown(asker)) = self.inbox.recv().await {
            (asker.reply)(outcome.clone());
        }
        self.pipeline.gate.emptied().await;
    }

    fn outcome(&self, before: &OtlpSnapshot, timed_out: bool, reason: Option<String>) -> Outcome {
        let tally = &self.pipeline.tally;
        let after = tally.snapshot();
        let unfinished = self.pipeline.metrics.as_ref();
        let unfinished = unfinished.is_some_and(|signal| !*signal.ended.borrow());
        undelivered(
            after.spans_waiting + after.spans_failed - before.spans_failed,
            unfinished || tally.metrics_missing(),
            timed_out,
            reason,
        )
    }
}

/// Shuts both providers down at once, and ends when their threads have ended.
async fn end(pipeline: &Pipeline, patience: Duration) {
    let traces = async {
        if let Some(signal) = &pipeline.traces {
            let provider = signal.provider.clone();
            let done = blocking(move || provider.shutdown_with_timeout(patience));
            over(done.await, signal.ended.clone()).await;
        }
    };
    let metrics = async {
        if let Some(signal) = &pipeline.metrics {
            let provider = signal.provider.clone();
            let done = blocking(move || provider.shutdown_with_timeout(patience));
            over_or_dead(done, signal.ended.clone()).await;
        }
    };
    tokio::join!(traces, metrics);
}

/// The meter provider gives up after five seconds whatever it is told, and its thread goes on.
async fn over(done: Done, mut ended: watch::Receiver<bool>) {
    if !matches!(done, Ok(Ok(()))) {
        // Its sender is in the provider.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

/// A callback of the application that panics has ended its thread for good, and there is nothing to wait for
/// then. The SDK's sign of that is a failure that is no timeout.
async fn over_or_dead(done: oneshot::Receiver<OTelSdkResult>, ended: watch::Receiver<bool>) {
    let done = done.await;
    let is_over = |error| !gave_up(error) && !matches!(error, OTelSdkError::AlreadyShutdown);
    if !matches!(&done, Ok(Err(error)) if is_over(error)) {
        over(done, ended).await;
    }
}

/// Whether the SDK has waited for five seconds and goes on without telling. Its providers wrap their errors
/// in text.
fn gave_up(error: &OTelSdkError) -> bool {
    match error {
        OTelSdkError::Timeout(_) => true,
        OTelSdkError::InternalFailure(why) => why.contains("Timeout"),
        OTelSdkError::AlreadyShutdown => false,
    }
}

async fn flush(pipeline: &Pipeline, patience: Duration) -> Outcome {
    let before = pipeline.tally.snapshot();
    let since = pipeline.tally.failures();
    let traces = async {
        let Some(signal) = &pipeline.traces else {
            return;
        };
        // The SDK's own patience is five seconds.
        loop {
            let provider = signal.provider.clone();
            let flushed = in_turn(signal, move || provider.force_flush()).await;
            let again = matches!(&flushed, Ok(Err(error)) if gave_up(error));
            if !again || waiting(&pipeline.tally, &before) == 0 {
                return;
            }
        }
    };
    let metrics = async {
        let Some(signal) = &pipeline.metrics else {
            return true;
        };
        let provider = signal.provider.clone();
        let flushed = in_turn(signal, move || provider.force_flush()).await;
        matches!(flushed, Ok(Ok(()) | Err(OTelSdkError::AlreadyShutdown)))
    };
    let mut flushed_metrics = false;
    let both = async {
        let metrics = async { flushed_metrics = metrics.await };
        tokio::join!(traces, metrics);
    };
    let timed_out = timeout(patience, both).await.is_err();
    let failed = pipeline.tally.snapshot().spans_failed - before.spans_failed;
    let spans = waiting(&pipeline.tally, &before).max(failed.min(before.spans_waiting));
    let reason = pipeline.tally.reason(since);
    undelivered(spans, !flushed_metrics, timed_out, reason)
}

/// How many of those that waited then still do; they are taken in their order.
fn waiting(tally: &Tally, before: &OtlpSnapshot) -> u64 {
    let now = tally.snapshot();
    let settled =
        (now.spans_delivered - before.spans_delivered) + (now.spans_failed - before.spans_failed);
    before.spans_waiting.saturating_sub(settled)
}

fn undelivered(spans: u64, metrics: bool, timed_out: bool, reason: Option<String>) -> Outcome {
    if spans == 0 && !metrics {
        return Ok(());
    }
    Err(Undelivered {
        spans,
        metrics,
        timed_out,
        reason,
    })
}

/// A flush hangs on as long as the receiver does, however short the patience of who asked for it. So
/// there is one at a time, on one thread, and the others wait here.
async fn in_turn<P>(
    signal: &Signal<P>,
    flush: impl FnOnce() -> OTelSdkResult + Send + 'static,
) -> Done {
    let turn = Arc::clone(&signal.turn).lock_owned().await;
    let flush = move || {
        let flushed = flush();
        drop(turn);
        flushed
    };
    blocking(flush).await
}

/// Runs what blocks on a thread of its own.
fn blocking(
    work: impl FnOnce() -> OTelSdkResult + Send + 'static,
) -> oneshot::Receiver<OTelSdkResult> {
    let (done, result) = oneshot::channel();
    let body = move || drop(done.send(work()));
    // Without a thread the channel closes, and the caller sees that nothing was done.
    let thread = thread::Builder::new().name("steadfast-otlp-wait".to_owned());
    drop(thread.spawn(body));
    result
}
