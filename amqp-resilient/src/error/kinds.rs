//! The kinds of refusals, and the steps of connecting.

use std::fmt;

/// What a broker that refused the connection objected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusedKind {
    /// User or password (403 ACCESS_REFUSED).
    Auth,
    /// The virtual host: unknown, or not for this user (530 NOT_ALLOWED).
    Vhost,
    /// The TLS handshake: a certificate that is not trusted, no common cipher.
    Tls,
    /// The other end speaks another protocol.
    Protocol,
}

impl RefusedKind {
    pub(super) fn error_type(self) -> &'static str {
        match self {
            Self::Auth => "refused_auth",
            Self::Vhost => "refused_vhost",
            Self::Tls => "refused_tls",
            Self::Protocol => "refused_protocol",
        }
    }
}

impl fmt::Display for RefusedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "broker refused the credentials",
            Self::Vhost => "broker refused the virtual host",
            Self::Tls => "TLS handshake was refused",
            Self::Protocol => "the other end does not speak AMQP 0-9-1",
        })
    }
}

/// The step of connecting that took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectStep {
    /// Looking up the host name.
    Resolve,
    /// Opening the TCP connection.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// The AMQP handshake: the peer accepted the connection and then stayed silent.
    Handshake,
}

impl fmt::Display for ConnectStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "no answer from name resolution",
            Self::Tcp => "no answer to the TCP connection",
            Self::Tls => "no answer in the TLS handshake",
            Self::Handshake => "no answer in the AMQP handshake",
        })
    }
}
