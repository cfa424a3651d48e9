//! A hold on the socket under a lapin connection, so that the connection can be ended from outside.

use std::io;
use std::net::{Shutdown, TcpStream};

use async_compat::Compat;

/// The other end of lapin's own socket handle. Cutting it ends lapin's I/O thread within moments,
/// whatever state the connection is in: mid-handshake with a peer that never answers, blocked by
/// an alarm, or half way through a close. lapin has no means of its own for that; a handshake that
/// its caller gave up on holds an OS thread for as long as the peer stays silent.
#[derive(Debug)]
pub(crate) struct Line(TcpStream);

impl Line {
    /// Splits a connected stream into what lapin gets and the hold on it.
    pub(crate) fn hold(
        stream: tokio::net::TcpStream,
    ) -> io::Result<(Compat<tokio::net::TcpStream>, Self)> {
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        let line = Self(stream.try_clone()?);
        let stream = tokio::net::TcpStream::from_std(stream)?;
        Ok((Compat::new(stream), line))
    }

    /// Ends the connection, now. Harmless when it has ended already.
    pub(crate) fn cut(&self) {
        // The only way this fails is that the socket is not connected any more.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cut();
    }
}
