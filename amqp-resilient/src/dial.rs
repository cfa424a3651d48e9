//! One attempt to connect: name, TCP, TLS, AMQP handshake, all under one deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::stream::BoxStream;
use lapin::tcp::{AsyncTcpStream, OwnedTLSConfig};
use lapin::{Connection, ConnectionProperties};
use parking_lot::Mutex;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};

use crate::classify;
use crate::clock;
use crate::endpoint::{Address, Endpoint};
use crate::error::{AmqpError, ConnectStep};
use crate::wiretap::{self, Line, Returns, TappedStream, WatchedSocket};

/// A connection that has been through its handshake.
pub(crate) struct Dialed {
    pub(crate) connection: Connection,
    /// lapin hands each event to one listener only, so there must be no second one.
    pub(crate) events: BoxStream<'static, lapin::Event>,
    pub(crate) line: Line,
    pub(crate) returns: Arc<Returns>,
}

/// How to connect to one endpoint.
pub(crate) struct Dialer {
    pub(crate) address: Address,
    pub(crate) client_name: String,
    pub(crate) tls: OwnedTLSConfig,
}

type Stream = AsyncTcpStream<WatchedSocket>;

impl Dialer {
    /// Connects, or gives up at the deadline. Nothing is left behind by an attempt that fails, or
    /// that is dropped: no socket, no thread, no task. Only a name lookup cannot be taken back: the system ends
    /// it, on a thread of tokio's.
    pub(crate) async fn dial(&self, deadline: Instant) -> Result<Dialed, AmqpError> {
        let endpoint = &self.address.endpoint;
        let tcp = self.open_tcp(deadline).await?;
        let (stream, line) = Line::hold(tcp).map_err(|error| unreachable(endpoint, error))?;
        let stream = self.secure(AsyncTcpStream::Plain(stream), deadline).await?;
        let returns = Arc::<Returns>::default();
        let handshake = self.handshake(TappedStream::new(stream, Arc::clone(&returns)));
        // `line` is dropped, and thereby cut, on every way out but the last.
        let connection = within(deadline, endpoint, ConnectStep::Handshake, handshake)
            .await?
            .map_err(|error| classify::handshake(endpoint, error))?;
        let events = Box::pin(connection.events_listener());
        Ok(Dialed {
            connection,
            events,
            line,
            returns,
        })
    }

    async fn open_tcp(&self, deadline: Instant) -> Result<TcpStream, AmqpError> {
        let endpoint = &self.address.endpoint;
        let host = (endpoint.host(), endpoint.port());
        let addresses: Vec<SocketAddr> =
            within(deadline, endpoint, ConnectStep::Resolve, lookup_host(host))
                .await?
                .map_err(|error| unreachable(endpoint, error))?
                .collect();

        let nowhere = io::Error::new(io::ErrorKind::AddrNotAvailable, "host has no address");
        let mut failure = unreachable(endpoint, nowhere);
        let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
        for address in addresses {
            // An address that swallows packets must not use up the time of those behind it.
            let now = clock::now();
            let share = now + deadline.saturating_duration_since(now) / left;
            left -= 1;
            let connecting = TcpStream::connect(address);
            match within(share, endpoint, ConnectStep::Tcp, connecting).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = unreachable(endpoint, error),
                Err(timed_out) => failure = timed_out,
            }
        }
        Err(failure)
    }

    /// Done before lapin has the stream: when connecting fails inside lapin, it leaks a task.
    async fn secure(&self, stream: Stream, deadline: Instant) -> Result<Stream, AmqpError> {
        let endpoint = &self.address.endpoint;
        if !endpoint.is_tls() {
            return Ok(stream);
        }
        let securing = stream.into_tls(endpoint.host(), self.tls.as_ref());
        within(deadline, endpoint, ConnectStep::Tls, securing)
            .await?
            .map_err(|error| classify::tls(endpoint, error))
    }

    async fn handshake(&self, stream: TappedStream) -> lapin::Result<Connection> {
        // The properties leave lapin's auto-recovery off, and its own retries at none.
        let properties =
            ConnectionProperties::default().with_connection_name(self.client_name.as_str().into());
        let stream = Mutex::new(Some(AsyncTcpStream::Plain(stream)));
        let hand_over = async move |_, _| {
            let stream = stream.lock().take();
            stream.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected).into())
        };
        let runtime = wiretap::runtime();
        Connection::connector(self.address.uri.clone(), runtime, hand_over, properties).await
    }
}

async fn within<F: Future>(
    deadline: Instant,
    endpoint: &Endpoint,
    step: ConnectStep,
    future: F,
) -> Result<F::Output, AmqpError> {
    timeout_at(deadline, future)
        .await
        .map_err(|_| AmqpError::ConnectTimeout {
            endpoint: endpoint.clone(),
            step,
            others: [].into(),
        })
}

fn unreachable(endpoint: &Endpoint, error: io::Error) -> AmqpError {
    classify::unreachable(endpoint, error.into())
}
