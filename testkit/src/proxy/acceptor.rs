//! The task that owns the listener and all connections, and carries out the proxy's commands.

use std::{
    future, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc as blocking,
    },
    time::Duration,
};

use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{mpsc, watch},
    task::JoinSet,
};

use super::{
    fault::{Fault, Faults, InForce},
    lane::{Broken, Direction, Lane},
};
use crate::{
    port::ReservedPort,
    socket::{Listener, ResetOnDrop},
};

/// What the proxy asks of its acceptor. Each command is answered when it has taken effect.
pub(crate) enum Command {
    Set(Fault, blocking::SyncSender<()>),
    Sever(blocking::SyncSender<u64>),
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) reset: AtomicU64,
    pub(crate) unreachable: AtomicU64,
    pub(crate) to_upstream: Arc<AtomicU64>,
    pub(crate) to_client: Arc<AtomicU64>,
}

pub(crate) struct Acceptor {
    pub(crate) port: ReservedPort,
    pub(crate) upstream: SocketAddr,
    pub(crate) seed: u64,
    pub(crate) counters: Arc<Counters>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) in_force: watch::Sender<InForce>,
    pub(crate) connections: JoinSet<()>,
}

impl Acceptor {
    /// Serves until the proxy is dropped. `listener` must be on [`Acceptor::port`].
    pub(crate) async fn run(mut self, listener: std::net::TcpListener) {
        let mut listener = Some(Listener::register(listener));
        loop {
            tokio::select! {
                biased;
                command = self.commands.recv() => match command {
                    None => return,
                    Some(Command::Set(fault, done)) => {
                        self.set(fault, &mut listener).await;
                        let _ = done.send(());
                    }
                    Some(Command::Sever(done)) => {
                        let severed = self.sever().await;
                        let _ = done.send(severed);
                    }
                },
                Some(_) = self.connections.join_next() => {}
                accepted = accept(listener.as_ref()) => match accepted {
                    Ok((client, _)) => self.admit(client),
                    // Out of file descriptors, say: the client waits in the backlog meanwhile.
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                },
            }
        }
    }

    async fn set(&mut self, fault: Fault, listener: &mut Option<Listener>) {
        match fault {
            Fault::Refuse => *listener = None,
            _ if listener.is_none() => {
                let opened = self
                    .port
                    .listen()
                    .expect("the proxy's own port opens again");
                *listener = Some(Listener::register(opened));
            }
            _ => {}
        }
        self.in_force.send_modify(|now| {
            *now = InForce {
                fault,
                epoch: now.epoch + 1,
            };
        });
        if fault == Fault::Reset {
            self.sever().await;
        }
    }

    /// Resets every open connection: a dropped connection is a reset one (see [`ResetOnDrop`]).
    async fn sever(&mut self) -> u64 {
        while self.connections.try_join_next().is_some() {}
        let open = self.connections.len() as u64;
        self.connections.abort_all();
        while self.connections.join_next().await.is_some() {}
        self.counters.reset.fetch_add(open, Ordering::Relaxed);
        open
    }

    fn admit(&mut self, client: TcpStream) {
        let number = self.counters.accepted.fetch_add(1, Ordering::Relaxed);
        let client = ResetOnDrop::new(client);
        let _ = client.set_nodelay(true);
        if self.in_force.borrow().fault == Fault::Reset {
            self.counters.reset.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let connection = Connection {
            upstream: self.upstream,
            faults: Faults::new(self.in_force.subscribe()),
            // Each connection draws its own jitter, the same in every run with the same seed.
            seed: self.seed.wrapping_add(number.wrapping_mul(2)),
            _open: OpenGuard::new(Arc::clone(&self.counters)),
            counters: Arc::clone(&self.counters),
        };
        self.connections.spawn(connection.run(client));
    }
}

/// One client and its connection to the upstream.
///
/// Whatever ends this task, an abort included, resets both ends. Only an orderly end disarms them.
struct Connection {
    upstream: SocketAddr,
    faults: Faults,
    seed: u64,
    counters: Arc<Counters>,
    _open: OpenGuard,
}

impl Connection {
    async fn run(mut self, mut client: ResetOnDrop) {
        self.faults.flowing().await;
        let Ok(server) = TcpStream::connect(self.upstream).await else {
            self.counters.unreachable.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let mut server = ResetOnDrop::new(server);
        let _ = server.set_nodelay(true);

        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let ended = tokio::try_join!(
            self.lane(Direction::ToUpstream).run(from_client, to_server),
            self.lane(Direction::ToClient).run(from_server, to_client),
        );
        match ended {
            Err(Broken::Io) => {}
            Ok(_) => {
                client.disarm();
                server.disarm();
            }
            Err(Broken::Cut) => {
                end_in_order(&mut client).await;
                end_in_order(&mut server).await;
            }
        }
    }

    fn lane(&self, direction: Direction) -> Lane {
        let (forwarded, seed) = match direction {
            Direction::ToUpstream => (&self.counters.to_upstream, self.seed),
            Direction::ToClient => (&self.counters.to_client, self.seed.wrapping_add(1)),
        };
        Lane {
            direction,
            faults: self.faults.clone(),
            rng: StdRng::seed_from_u64(seed),
            forwarded: Arc::clone(forwarded),
        }
    }
}

/// Closes with FIN. Unread bytes would turn the close into a reset, so they are read away first.
async fn end_in_order(stream: &mut ResetOnDrop) {
    stream.disarm();
    let _ = stream.shutdown().await;
    let mut scrap = [0; 16 * 1024];
    while stream.try_read(&mut scrap).is_ok_and(|read| read > 0) {}
}

struct OpenGuard(Arc<Counters>);

impl OpenGuard {
    fn new(counters: Arc<Counters>) -> Self {
        counters.open.fetch_add(1, Ordering::Relaxed);
        Self(counters)
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

async fn accept(listener: Option<&Listener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => future::pending().await,
    }
}
