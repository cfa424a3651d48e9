//! Sockets whose end takes effect at once.
//!
//! Closing a descriptor ends a socket only when no copy of it is left. While any thread of this process
//! starts a child (a RabbitMQ node, say), that child holds copies of all descriptors until it executes
//! its program. A listener would go on accepting for that moment, and a connection would stay open. So
//! the peers end their sockets by name before they close them.

use std::{
    io,
    net::SocketAddr,
    ops::{Deref, DerefMut},
};

use rustix::net::{Shutdown, connect_unspec, shutdown};
use tokio::net::{TcpListener, TcpStream};

/// A listener that refuses from the moment it is dropped.
#[derive(Debug)]
pub(crate) struct Listener(TcpListener);

impl Listener {
    /// Takes a non-blocking listener into the runtime of this thread.
    pub(crate) fn register(listener: std::net::TcpListener) -> Self {
        let listener = TcpListener::from_std(listener);
        Self(listener.expect("the peer's runtime takes its listener"))
    }

    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.0.accept().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = shutdown(&self.0, Shutdown::Read);
    }
}

/// A connection that is reset (RST) when it is dropped, unless it was [disarmed](Self::disarm).
#[derive(Debug)]
pub(crate) struct ResetOnDrop {
    stream: TcpStream,
    armed: bool,
}

impl ResetOnDrop {
    pub(crate) const fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            armed: true,
        }
    }

    pub(crate) const fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Deref for ResetOnDrop {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        &self.stream
    }
}

impl DerefMut for ResetOnDrop {
    fn deref_mut(&mut self) -> &mut TcpStream {
        &mut self.stream
    }
}

impl Drop for ResetOnDrop {
    fn drop(&mut self) {
        if self.armed {
            reset(&self.stream);
        }
    }
}

/// Resets a connection now: disconnecting a TCP socket sends an RST.
pub(crate) fn reset(stream: &TcpStream) {
    let _ = connect_unspec(stream);
}
