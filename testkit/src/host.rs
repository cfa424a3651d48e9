//! A thread of its own for each peer.
//!
//! A peer is another machine as far as the code under test is concerned, so it must go on when that
//! code blocks its thread, pauses its clock or shuts its runtime down. Each peer therefore runs on its
//! own thread with its own single-threaded runtime. Dropping the [`Host`] stops that runtime, which
//! drops every task and closes every socket, and waits until the thread has ended.

use std::{
    fmt,
    thread::{self, JoinHandle},
};

use tokio::{runtime, sync::oneshot};

/// The thread that a peer runs on.
pub(crate) struct Host {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Host {
    /// Runs the future that `peer` makes on a new thread called `name`, until it ends or the host is
    /// dropped.
    ///
    /// # Panics
    ///
    /// When the system gives no thread or no event queue.
    pub(crate) fn start<P, F>(name: &str, peer: P) -> Self
    where
        P: FnOnce() -> F + Send + 'static,
        F: Future<Output = ()>,
    {
        let (stop, stopped) = oneshot::channel();
        let body = move || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime for the test peer");
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = peer() => {}
                }
            });
        };
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(body)
            .expect("a thread for the test peer");
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic on that thread has already printed itself; a second one here would abort.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}
