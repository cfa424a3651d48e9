//! How the connection is made, and made again.

use std::time::Duration;

use lapin::tcp::OwnedTLSConfig;

use super::Builder;

impl Builder {
    /// Whether what is consumed comes over the same connection as everything else. Default false:
    /// [`Purpose::Consume`](crate::Purpose::Consume) has a connection of its own, made when it is first asked
    /// for, since a broker that is short of memory blocks connections that publish, and with them the
    /// acknowledgements on them, which would make room.
    ///
    /// One is enough for a program that consumes and never publishes, and for a broker that counts
    /// connections; and it is needed to publish on one connection what must come from the connection that
    /// consumes, such as requests of RabbitMQ's direct reply-to.
    pub fn one_connection(mut self, one: bool) -> Self {
        self.one_connection = one;
        self
    }

    /// Certificates for `amqps`: authorities to trust besides the usual ones, and the client's own.
    pub fn tls(mut self, tls: OwnedTLSConfig) -> Self {
        self.tls = tls;
        self
    }

    /// How long connecting to one endpoint may take, from the name lookup to the end of the handshake;
    /// longer than zero. Default 10 s, or what the address says. It bounds [`connect`](Self::connect) too,
    /// and how long a [`resolver`](Self::resolver) and [`credentials`](Self::credentials) may take.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How often each side lets the other know that it lives; whole seconds from 1 to 65535. A
    /// peer that was silent for twice as long is taken for dead, which is the only way to notice
    /// one that hangs. Default 10 s, or what the address says. The broker may ask for less.
    pub fn heartbeat(mut self, interval: Duration) -> Self {
        self.heartbeat = Some(interval);
        self
    }

    /// The longest wait before the first reconnection; longer than zero. It doubles with each
    /// failure, and each wait is a random share of it (full jitter). Default 100 ms.
    pub fn base_backoff(mut self, backoff: Duration) -> Self {
        self.base_backoff = backoff;
        self
    }

    /// The longest wait between two attempts; after a refusal the wait is four fifths of it at least.
    /// At least `base_backoff`. There is no limit to the number of attempts. Default 30 s.
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.max_backoff = backoff;
        self
    }

    /// How many failures in a row, to connect or to stay connected, open the circuit breaker; at
    /// least one. Open, it turns [`get_channel`](crate::ResilientConnection::get_channel) away at once
    /// instead of letting callers wait. Default 5, reached after about a second of outage.
    pub fn failure_threshold(mut self, failures: u32) -> Self {
        self.failure_threshold = failures;
        self
    }

    /// How long the open breaker holds the next attempt back; longer than zero. Default 5 s, or
    /// `max_backoff` where that is shorter: the breaker does not make an outage longer than the
    /// backoff does.
    pub fn open_for(mut self, open_for: Duration) -> Self {
        self.open_for = Some(open_for);
        self
    }
}
