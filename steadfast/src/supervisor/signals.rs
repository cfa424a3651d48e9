//! Signals of the operating system.

use std::io;

use super::Supervisor;
use super::shutdown::ShutdownReport;

impl Supervisor {
    /// Waits for SIGTERM or SIGINT (elsewhere than on Unix: Ctrl-C), or for somebody to call
    /// [`shutdown`](Self::shutdown), and shuts down. A second signal makes an
    /// [end at once](Self::shutdown_now). On SIGHUP the file is read [again](Self::reload).
    ///
    /// # Errors
    /// An [`io::Error`] if the signals cannot be listened for; nothing has ended then.
    ///
    /// # Cancel safety
    /// Dropping the future leaves everything running, and signals without effect: tokio keeps them from ending
    /// the process once they have been listened for.
    pub async fn run_until_signal(&self) -> io::Result<ShutdownReport> {
        let mut signals = Signals::listen()?;
        loop {
            match signals.next(self).await {
                Told::End => break,
                Told::Reload => tokio::select! {
                    biased;
                    () = signals.end() => break,
                    // It tells by itself how it has ended.
                    _ = self.reload() => {}
                },
            }
        }
        tokio::select! {
            biased;
            report = self.shutdown() => Ok(report),
            () = signals.end() => Ok(self.shutdown_now().await),
        }
    }
}

enum Told {
    End,
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no such signal"))]
    Reload,
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self, supervisor: &Supervisor) -> Told {
        tokio::select! {
            biased;
            () = supervisor.shared.stopping.cancelled() => Told::End,
            _ = self.terminate.recv() => Told::End,
            _ = self.interrupt.recv() => Told::End,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }

    async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self, supervisor: &Supervisor) -> Told {
        tokio::select! {
            biased;
            () = supervisor.shared.stopping.cancelled() => Told::End,
            () = self.end() => Told::End,
        }
    }

    async fn end(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
