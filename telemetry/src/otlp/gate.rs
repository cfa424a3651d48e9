//! Exports run inside, and stop when it is closed.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Lets the SDK's threads, which know no runtime, drive exporters that need one, and takes an export
/// out of their hands when it is time to end.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Of the thread that sends.
    runtime: Handle,
    closed: watch::Sender<bool>,
    inside: watch::Sender<usize>,
}

impl Gate {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self {
            runtime,
            closed: watch::Sender::new(false),
            inside: watch::Sender::new(0),
        }
    }

    /// Runs an export to its end, for at most so long, or until the gate is closed.
    pub(crate) async fn run(
        &self,
        timeout: Duration,
        export: impl Future<Output = OTelSdkResult> + Send,
    ) -> OTelSdkResult {
        // First in, then look: whoever closes first and then looks inside cannot miss us.
        let _inside = Inside::enter(&self.inside);
        let mut closed = self.closed.subscribe();
        let mut closing = pin!(closed.wait_for(|closed| *closed));
        let mut export = pin!(async {
            let ended = tokio::time::timeout(timeout, export).await;
            ended.unwrap_or(Err(OTelSdkError::Timeout(timeout)))
        });
        std::future::poll_fn(|context| {
            if closing.as_mut().poll(context).is_ready() {
                let why = "the export was cut short by the shutdown";
                return Poll::Ready(Err(OTelSdkError::InternalFailure(why.to_owned())));
            }
            // Timers and connections are those of the runtime; the thread is whichever polls.
            let _entered = self.runtime.enter();
            export.as_mut().poll(context)
        })
        .await
    }

    /// Ends every export, and lets none begin any more.
    pub(crate) fn close(&self) {
        self.closed.send_replace(true);
    }

    /// Waits until it is closed.
    pub(crate) async fn closed(&self) {
        // Its sender is here, so it cannot fail.
        let _ = self.closed.subscribe().wait_for(|closed| *closed).await;
    }

    /// Waits until no export is inside.
    pub(crate) async fn emptied(&self) {
        // Its sender is here, so it cannot fail.
        let _ = self
            .inside
            .subscribe()
            .wait_for(|inside| *inside == 0)
            .await;
    }
}

struct Inside<'a>(&'a watch::Sender<usize>);

impl<'a> Inside<'a> {
    fn enter(inside: &'a watch::Sender<usize>) -> Self {
        inside.send_modify(|inside| *inside += 1);
        Self(inside)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|inside| *inside -= 1);
    }
}
