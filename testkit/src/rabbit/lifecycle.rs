//! Starting, stopping and ending the processes of a node. Everything here may block.

use std::{
    fs, io,
    net::TcpStream,
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rustix::process::Signal;

use super::{
    amqp,
    error::{NodeError, Unavailable},
    home::Home,
};
use crate::{
    clock,
    process::{Guard, Process},
};

/// A node's directory and processes, shared with work that goes on in the background.
pub(crate) struct Lifecycle {
    home: Home,
    state: Mutex<State>,
    commands: AtomicU64,
}

#[derive(Default)]
struct State {
    broker: Option<Process>,
    epmd: Option<Process>,
    guard: Option<Guard>,
    /// Set once, when the node is dropped: nothing is started any more.
    gone: bool,
}

impl Lifecycle {
    /// Makes the directory and starts the guard and the port mapper.
    pub(crate) fn prepare() -> Result<Self, Unavailable> {
        let node = Self {
            home: Home::create().map_err(setup("its directory and ports"))?,
            state: Mutex::default(),
            commands: AtomicU64::new(0),
        };
        {
            let mut state = node.state.lock();
            state.guard = Some(Guard::post(node.home.dir()).map_err(setup("its guard"))?);
            let epmd = Process::spawn(node.home.port_mapper(), node.home.dir());
            state.epmd = Some(epmd.map_err(setup("erlang's epmd"))?);
        }
        let mut listens = false;
        poll_until(clock::now() + EPMD_LIMIT, || {
            listens = TcpStream::connect(node.home.epmd.addr()).is_ok();
            let mut state = node.state.lock();
            listens || !state.epmd.as_mut().is_some_and(Process::is_running)
        });
        if listens {
            Ok(node)
        } else {
            let silent = io::Error::other("it does not listen");
            Err(setup("erlang's epmd")(silent))
        }
    }

    pub(crate) const fn home(&self) -> &Home {
        &self.home
    }

    /// Starts the broker and waits until it is ready.
    pub(crate) fn boot(&self) -> Result<(), Unavailable> {
        {
            let mut state = self.state.lock();
            if state.gone {
                return Err(self.died());
            }
            let server = self.home.server().map_err(setup("its log"))?;
            let broker = Process::spawn(server, self.home.dir());
            state.broker = Some(broker.map_err(setup("rabbitmq-server"))?);
        }
        self.wait_ready()
    }

    pub(crate) fn wait_ready(&self) -> Result<(), Unavailable> {
        let mut ready = false;
        poll_until(clock::now() + BOOT_LIMIT, || {
            ready = amqp::answers(self.home.amqp.addr());
            ready || !self.is_running()
        });
        if ready {
            Ok(())
        } else if self.is_running() {
            Err(Unavailable::NotReady {
                within: BOOT_LIMIT,
                log: self.log_end(),
            })
        } else {
            Err(self.died())
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        let mut state = self.state.lock();
        state.broker.as_mut().is_some_and(Process::is_running)
    }

    pub(crate) fn kill(&self) {
        self.state.lock().broker = None;
    }

    /// # Panics
    ///
    /// When the broker is not running: a test that freezes a dead node does not test what it says.
    pub(crate) fn signal(&self, signal: Signal) {
        let mut state = self.state.lock();
        let sent = state.broker.as_mut().is_some_and(|it| it.signal(signal));
        assert!(sent, "the rabbitmq node is not running");
    }

    pub(crate) fn stop(&self) {
        if let Some(broker) = &mut self.state.lock().broker {
            broker.signal(Signal::TERM);
            broker.signal(Signal::CONT);
        }
        poll_until(clock::now() + STOP_LIMIT, || !self.is_running());
        self.kill();
    }

    pub(crate) fn ctl(&self, args: &[String]) -> Result<String, NodeError> {
        let asked = format!("rabbitmqctl {}", args.join(" "));
        let failed = |reason: String| NodeError::new(asked.clone(), reason);
        // Files take any amount of output without a thread that reads it.
        let number = self.commands.fetch_add(1, Ordering::Relaxed);
        let output = self.home.dir().join(format!("ctl-{number}.out"));
        let errors = self.home.dir().join(format!("ctl-{number}.err"));
        let run = || -> io::Result<Option<bool>> {
            let mut command = self.home.ctl(args);
            command
                .stdout(Stdio::from(fs::File::create(&output)?))
                .stderr(Stdio::from(fs::File::create(&errors)?));
            let mut process = Process::spawn(command, self.home.dir())?;
            poll_until(clock::now() + CTL_LIMIT, || !process.is_running());
            Ok(process.success())
        };
        let read = |path| {
            let bytes = fs::read(path).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        match run() {
            Ok(Some(true)) => Ok(read(&output)),
            Ok(Some(false)) => Err(failed(read(&errors))),
            Ok(None) => Err(failed(format!("no end after {CTL_LIMIT:?}"))),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Ends every process and removes the directory, once.
    pub(crate) fn destroy(&self) {
        let mut state = self.state.lock();
        if !state.gone {
            state.gone = true;
            state.broker = None;
            state.epmd = None;
            self.home.remove();
            state.guard = None;
        }
    }

    fn died(&self) -> Unavailable {
        Unavailable::Died {
            log: self.log_end(),
        }
    }

    fn log_end(&self) -> String {
        let log = self.home.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        self.destroy();
    }
}

fn setup(what: &'static str) -> impl Fn(io::Error) -> Unavailable {
    move |error| Unavailable::Setup {
        reason: format!("{what}: {error}"),
    }
}

/// Asks until the answer is yes or time is up, and returns the last answer.
fn poll_until(end: Instant, mut done: impl FnMut() -> bool) -> bool {
    loop {
        if done() {
            return true;
        }
        if clock::now() >= end {
            return false;
        }
        thread::sleep(POLL);
    }
}

const BOOT_LIMIT: Duration = Duration::from_secs(60);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const CTL_LIMIT: Duration = Duration::from_secs(60);
const EPMD_LIMIT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);
