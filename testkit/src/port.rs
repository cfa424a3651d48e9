//! A TCP port that stays ours while nothing listens on it.
//!
//! "Bind to port 0, remember the number, close" is a race: another process may get the port before
//! it is used, or while a fault keeps its listener closed. A [`ReservedPort`] holds a socket that is
//! bound but does not listen. The kernel then refuses connections to the port, hands it to nobody who
//! asks for a free one, and yet lets a listener that sets `SO_REUSEADDR` open and close on it as often
//! as it likes, in this process or in a child.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener},
    os::fd::OwnedFd,
};

use rustix::net::{
    AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, socket_with, sockopt,
};

/// A loopback port, held until this value is dropped.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    addr: SocketAddrV4,
    _holder: OwnedFd,
}

impl ReservedPort {
    /// Takes a free port of 127.0.0.1.
    pub(crate) fn take() -> io::Result<Self> {
        let holder = bound_socket(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))?;
        let addr = SocketAddr::try_from(getsockname(&holder)?)?;
        let SocketAddr::V4(addr) = addr else {
            return Err(io::Error::other("an IPv4 socket has another address"));
        };
        Ok(Self {
            addr,
            _holder: holder,
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        SocketAddr::V4(self.addr)
    }

    pub(crate) fn number(&self) -> u16 {
        self.addr.port()
    }

    /// Opens a non-blocking listener on the port. Dropping it makes the port refuse again.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        let socket = bound_socket(self.addr)?;
        listen(&socket, BACKLOG)?;
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}

fn bound_socket(addr: SocketAddrV4) -> io::Result<OwnedFd> {
    let socket = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &addr)?;
    Ok(socket)
}

const BACKLOG: i32 = 1024;
