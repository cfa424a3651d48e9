//! The socket under a lapin connection: watched for signs of life, and ended from outside.
//!
//! lapin looks for a silent peer every half heartbeat, and so notices one after two to two and a half
//! of them. And it has no means to end a connection whose peer never answers: a handshake that its
//! caller gave up on holds an OS thread for as long as the peer stays silent. Nor can its word be taken for
//! which message was returned, so the frames themselves are read on their way to it.

mod frames;
mod returns;
mod tapped;

use std::future::Future;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use async_compat::Compat;
use async_rs::traits::Reactor;
use async_rs::util::{DummyIO, RuntimeParts};
use async_rs::{Runtime, Tokio};
use futures_util::io::{AsyncRead, AsyncWrite};
use futures_util::stream::Stream;
use tokio::net::TcpStream;
use tokio::time::Instant;

pub(crate) use self::returns::{Listening, Returned, Returns};
pub(crate) use self::tapped::TappedStream;
use crate::clock;

/// The runtime that lapin is given: tokio's, but for the type of its sockets.
pub(crate) type WatchedRuntime = Runtime<RuntimeParts<Tokio, Sockets>>;

pub(crate) fn runtime() -> WatchedRuntime {
    let tokio = Tokio::current();
    RuntimeParts::new(tokio.clone(), Sockets(tokio)).into()
}

/// A socket whose peer is listened to for signs of life.
pub(crate) struct WatchedSocket {
    stream: Compat<TcpStream>,
    pulse: Arc<Pulse>,
}

/// When the peer was last heard of.
#[derive(Debug)]
struct Pulse {
    since: Instant,
    /// Milliseconds after `since`. A reading that comes late orders nothing, hence relaxed.
    heard_at: AtomicU64,
}

impl Pulse {
    fn heard(&self, now: Instant) {
        let at = now.saturating_duration_since(self.since).as_millis();
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        self.heard_at.store(at, Ordering::Relaxed);
    }

    fn silent_for(&self, now: Instant) -> Duration {
        let heard_at = Duration::from_millis(self.heard_at.load(Ordering::Relaxed));
        now.saturating_duration_since(self.since)
            .saturating_sub(heard_at)
    }
}

/// The hold on a socket under lapin's stream. Dropping it ends the connection.
#[derive(Debug)]
pub(crate) struct Line {
    handle: std::net::TcpStream,
    pulse: Arc<Pulse>,
}

impl Line {
    /// Splits a connected stream into what becomes lapin's and the hold on it.
    pub(crate) fn hold(stream: TcpStream) -> io::Result<(WatchedSocket, Self)> {
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        let handle = stream.try_clone()?;
        let stream = Compat::new(TcpStream::from_std(stream)?);
        let pulse = Arc::new(Pulse {
            since: clock::now(),
            heard_at: AtomicU64::new(0),
        });
        let watched = WatchedSocket {
            stream,
            pulse: Arc::clone(&pulse),
        };
        Ok((watched, Self { handle, pulse }))
    }

    /// How long nothing has come from the peer.
    pub(crate) fn silent_for(&self, now: Instant) -> Duration {
        self.pulse.silent_for(now)
    }

    /// Ends the connection, now, and with it lapin's thread, whatever state it is in. Harmless when
    /// it has ended already.
    pub(crate) fn cut(&self) {
        // The only way this fails is that the socket is not connected any more.
        let _ = self.handle.shutdown(Shutdown::Both);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut();
    }
}

impl AsyncRead for WatchedSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if let Poll::Ready(Ok(1..)) = read {
            self.pulse.heard(clock::now());
        }
        read
    }
}

impl AsyncWrite for WatchedSocket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

/// tokio's reactor with sockets of our own. lapin uses its timers, and names the type of its sockets;
/// the sockets themselves it is given.
#[derive(Debug, Clone)]
pub(crate) struct Sockets(Tokio);

impl Reactor for Sockets {
    type TcpStream = TappedStream;
    type Sleep = <Tokio as Reactor>::Sleep;

    fn register<H: io::Read + io::Write + Send + 'static>(
        &self,
        _socket: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<DummyIO, _>(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(
        &self,
        duration: Duration,
    ) -> impl Stream<Item = std::time::Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        _address: SocketAddr,
    ) -> impl Future<Output = io::Result<TappedStream>> + Send + 'static {
        std::future::ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_counted_from_the_last_sign_of_life() {
        let pulse = Pulse {
            since: clock::now(),
            heard_at: AtomicU64::new(0),
        };
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(pulse.silent_for(clock::now()), Duration::from_secs(3));
        pulse.heard(clock::now());
        assert_eq!(pulse.silent_for(clock::now()), Duration::ZERO);
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!(pulse.silent_for(clock::now()), Duration::from_millis(1_500));
    }
}
