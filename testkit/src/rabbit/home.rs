//! A node's private directory, its ports, and the commands that run inside them.
//!
//! Debian's wrappers in `/usr/sbin` change to the `rabbitmq` user and read `/etc/rabbitmq`; the scripts
//! below `/usr/lib/rabbitmq` do neither when the environment says where everything is. With that
//! environment a node runs as any user, shares nothing with a system-wide RabbitMQ, and leaves nothing
//! outside its directory.

use std::{
    env, fs, io,
    os::unix::{
        fs::{DirBuilderExt, OpenOptionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rand::RngExt;

use crate::{port::ReservedPort, process::PIDS};

#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    pub(crate) amqp: ReservedPort,
    pub(crate) amqps: ReservedPort,
    pub(crate) management: ReservedPort,
    pub(crate) epmd: ReservedPort,
    distribution: ReservedPort,
}

impl Home {
    /// Takes five ports and writes the directory.
    pub(crate) fn create() -> io::Result<Self> {
        let amqp = ReservedPort::take()?;
        let tag: u64 = rand::rng().random();
        let name = format!("steadfast-rabbit-{}-{tag:016x}", amqp.number());
        let home = Self {
            dir: env::temp_dir().join(name),
            amqp,
            amqps: ReservedPort::take()?,
            management: ReservedPort::take()?,
            epmd: ReservedPort::take()?,
            distribution: ReservedPort::take()?,
        };
        fs::DirBuilder::new().mode(0o700).create(&home.dir)?;
        match home.fill() {
            Ok(()) => Ok(home),
            Err(error) => {
                home.remove();
                Err(error)
            }
        }
    }

    fn fill(&self) -> io::Result<()> {
        for part in ["mnesia", "log", "home", "conf.d", "gen", PIDS] {
            fs::create_dir(self.dir.join(part))?;
        }
        // Erlang insists that nobody else can read the cookie, and makes its own when there is none.
        let secret: u128 = rand::rng().random();
        let mut cookie = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(self.dir.join("home/.erlang.cookie"))?;
        io::Write::write_all(&mut cookie, format!("{secret:032X}").as_bytes())?;
        for (file, content) in [
            ("authority.pem", AUTHORITY),
            ("server.pem", include_str!("tls/server.pem")),
            ("server.key", include_str!("tls/server.key")),
        ] {
            fs::write(self.dir.join(file), content)?;
        }
        let config = format!(
            "listeners.tcp.default = {amqp}\n\
             listeners.ssl.default = {amqps}\n\
             ssl_options.cacertfile = {dir}/authority.pem\n\
             ssl_options.certfile = {dir}/server.pem\n\
             ssl_options.keyfile = {dir}/server.key\n\
             ssl_options.verify = verify_none\n\
             num_acceptors.ssl = 1\n\
             num_acceptors.tcp = 2\n\
             loopback_users = none\n\
             vm_memory_high_watermark.relative = {NORMAL_WATERMARK}\n\
             disk_free_limit.absolute = 1MB\n\
             heartbeat = 10\n\
             management.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {management}\n",
            amqp = self.amqp.addr(),
            amqps = self.amqps.addr(),
            dir = self.dir.display(),
            management = self.management.number(),
        );
        fs::write(self.dir.join("rabbitmq.conf"), config)?;
        fs::write(self.dir.join("enabled_plugins"), "[rabbitmq_management].\n")?;
        fs::write(self.dir.join("rabbitmq-env.conf"), "")
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The node's Erlang name.
    pub(crate) fn node(&self) -> String {
        format!("rt{}@localhost", self.amqp.number())
    }

    /// The command whose process becomes the node: the script `exec`s Erlang.
    pub(crate) fn server(&self) -> io::Result<Command> {
        let output = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.join("log/output"))?;
        let mut command = self.command(&format!("{BIN}/rabbitmq-server"));
        command
            .stdout(output.try_clone()?)
            .stderr(output)
            .env("RABBITMQ_NODENAME", self.node())
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.amqp.number().to_string())
            .env("RABBITMQ_DIST_PORT", self.distribution.number().to_string())
            .env("RABBITMQ_MNESIA_BASE", self.dir.join("mnesia"))
            .env("RABBITMQ_LOG_BASE", self.dir.join("log"))
            .env("RABBITMQ_PID_FILE", self.dir.join("pid"))
            .env("RABBITMQ_CONFIG_FILE", self.dir.join("rabbitmq.conf"))
            .env("RABBITMQ_CONFIG_FILES", self.dir.join("conf.d"))
            .env(
                "RABBITMQ_ADVANCED_CONFIG_FILE",
                self.dir.join("advanced.config"),
            )
            .env(
                "RABBITMQ_ENABLED_PLUGINS_FILE",
                self.dir.join("enabled_plugins"),
            )
            .env("RABBITMQ_GENERATED_CONFIG_DIR", self.dir.join("gen"))
            .env("RABBITMQ_ALLOW_INPUT", "1")
            .env(
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
                "-noinput -kernel inet_dist_use_interface {127,0,0,1} \
                 +S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
            );
        Ok(command)
    }

    /// The command of Erlang's port mapper on the node's own port. The node finds it running and does
    /// not start one of its own, which would detach itself and outlive everything.
    pub(crate) fn port_mapper(&self) -> Command {
        let mut command = self.command(EPMD);
        command
            .args(["-address", "127.0.0.1", "-port"])
            .arg(self.epmd.number().to_string());
        command
    }

    pub(crate) fn ctl(&self, args: &[String]) -> Command {
        let mut command = self.command(&format!("{BIN}/rabbitmqctl"));
        command.arg("-n").arg(self.node()).args(args);
        command
    }

    /// The node's output and log so far.
    pub(crate) fn log(&self) -> String {
        let mut log = String::new();
        for file in ["output".to_owned(), format!("{}.log", self.node())] {
            let bytes = fs::read(self.dir.join("log").join(file)).unwrap_or_default();
            log.push_str(&String::from_utf8_lossy(&bytes));
        }
        log
    }

    /// Removes the directory; processes that are still ending may hold it up for a moment.
    pub(crate) fn remove(&self) {
        for _ in 0..50 {
            match fs::remove_dir_all(&self.dir) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    thread::sleep(Duration::from_millis(20));
                }
                _ => return,
            }
        }
    }

    /// What all commands have in common: the private environment, a process group of their own (so
    /// that Ctrl-C in the terminal does not reach them before us), and no ties to our input and output.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.dir)
            .env_clear()
            .env("PATH", search_path())
            .env("LANG", "C.UTF-8")
            .env("HOME", self.dir.join("home"))
            .env("RABBITMQ_CONF_ENV_FILE", self.dir.join("rabbitmq-env.conf"))
            .env("ERL_EPMD_PORT", self.epmd.number().to_string())
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// The authority of the node's certificate. It signs nothing else, and its key was thrown away.
pub(crate) const AUTHORITY: &str = include_str!("tls/authority.pem");

/// Whether RabbitMQ and its Erlang are on this machine.
pub(crate) fn installed() -> bool {
    let on_path = |program| env::split_paths(&search_path()).any(|dir| dir.join(program).is_file());
    Path::new(BIN).join("rabbitmq-server").is_file() && on_path("erl") && on_path(EPMD)
}

fn search_path() -> String {
    env::var("PATH").unwrap_or_else(|_| "/usr/local/bin:/usr/bin:/bin".to_owned())
}

/// The share of memory above which the node blocks publishers, when no test asks for an alarm.
pub(crate) const NORMAL_WATERMARK: &str = "0.4";
const BIN: &str = "/usr/lib/rabbitmq/bin";
const EPMD: &str = "epmd";
