//! A private Prometheus server.
//!
//! It has a directory and a port of its own, scrapes twice a second, and is killed when it is dropped, or by
//! its guard when the test process is killed first. It takes half a second to start.

use std::{
    env,
    fmt::{self, Write},
    fs, io,
    net::SocketAddr,
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use rand::RngExt;
use tokio::task::spawn_blocking;

use crate::{
    clock, http10,
    port::ReservedPort,
    process::{Guard, PIDS, Process},
};

/// A Prometheus server of one's own, on 127.0.0.1.
///
/// # Examples
/// ```no_run
/// use steadfast_testkit::Prometheus;
///
/// # async fn demo(metrics: std::net::SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
/// let prometheus = Prometheus::start(&[("shop", metrics)], &[]).await?;
/// let (status, json) = prometheus.get("/api/v1/targets").await?;
/// assert_eq!(status, 200);
/// # Ok(())
/// # }
/// ```
pub struct Prometheus {
    port: ReservedPort,
    dir: PathBuf,
    server: Mutex<Option<Process>>,
    guard: Option<Guard>,
}

impl Prometheus {
    /// Starts a server that scrapes `/metrics` of each job's address and evaluates the files of rules, both
    /// twice a second, and waits, for at most 30 s, until it is ready.
    ///
    /// # Errors
    /// What is missing from the machine, or what the server said when it did not start.
    ///
    /// # Cancel safety
    /// When the future is dropped, the server is removed as soon as it has started.
    pub async fn start(jobs: &[(&str, SocketAddr)], rules: &[&Path]) -> io::Result<Self> {
        let config = config(jobs, rules);
        blocking(move || {
            let port = ReservedPort::take()?;
            let tag: u64 = rand::rng().random();
            let name = format!("steadfast-prometheus-{}-{tag:016x}", port.number());
            let mut server = Self {
                port,
                dir: env::temp_dir().join(name),
                server: Mutex::default(),
                guard: None,
            };
            server.boot(&config)?;
            Ok(server)
        })
        .await
    }

    /// Asks its HTTP API: the status, and the JSON that it answered.
    ///
    /// # Errors
    /// When the server does not answer within ten seconds.
    ///
    /// # Cancel safety
    /// Dropping the future drops the answer.
    pub async fn get(&self, path: &str) -> io::Result<(u16, String)> {
        let (addr, path) = (self.port.addr(), path.to_owned());
        blocking(move || http10::request(addr, "GET", &path, "", "")).await
    }

    /// Its directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// All that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join(LOG)).unwrap_or_default()
    }

    fn boot(&mut self, config: &str) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(&self.dir)?;
        fs::create_dir(self.dir.join(PIDS))?;
        fs::write(self.dir.join("prometheus.yml"), config)?;
        self.guard = Some(Guard::post(&self.dir)?);
        let log = fs::File::create(self.dir.join(LOG))?;
        let mut command = Command::new("prometheus");
        command
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg(format!("--web.listen-address={}", self.port.addr()))
            .current_dir(&self.dir)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let process = Process::spawn(command, &self.dir).map_err(missing)?;
        *self.server.get_mut() = Some(process);
        let end = clock::now() + BOOT_LIMIT;
        loop {
            let answer = http10::request(self.port.addr(), "GET", "/-/ready", "", "");
            if answer.is_ok_and(|(status, _)| status == 200) {
                return Ok(());
            }
            let mut server = self.server.lock();
            let runs = server.as_mut().is_some_and(Process::is_running);
            drop(server);
            if !runs || clock::now() >= end {
                return Err(io::Error::other(format!(
                    "prometheus did not start: {}",
                    self.log()
                )));
            }
            thread::sleep(POLL);
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        *self.server.get_mut() = None;
        // The guard finds nothing left to do then.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl fmt::Debug for Prometheus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prometheus")
            .field("addr", &self.port.addr())
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

fn config(jobs: &[(&str, SocketAddr)], rules: &[&Path]) -> String {
    let mut config = format!(
        "global:\n  scrape_interval: {INTERVAL}\n  scrape_timeout: {INTERVAL}\n  evaluation_interval: {INTERVAL}\nrule_files:\n"
    );
    for file in rules {
        let _ = writeln!(config, "  - {:?}", file.display().to_string());
    }
    config.push_str("scrape_configs:\n");
    for (job, addr) in jobs {
        let _ = writeln!(
            config,
            "  - job_name: {job}\n    static_configs:\n      - targets: [\"{addr}\"]"
        );
    }
    config
}

fn missing(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::NotFound {
        io::Error::other(
            "prometheus is not on this machine; on Debian: apt-get install --no-install-recommends prometheus",
        )
    } else {
        error
    }
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> R {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

const INTERVAL: &str = "500ms";
const LOG: &str = "log";
const BOOT_LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(50);
