//! What lapin's errors mean. lapin calls every protocol error recoverable, a wrong password included,
//! so the verdicts are our own.

use std::io;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};

use crate::endpoint::Endpoint;
use crate::error::{AmqpError, RefusedKind};

/// A handshake that failed: refused for good, or worth another attempt.
pub(crate) fn handshake(endpoint: &Endpoint, source: lapin::Error) -> AmqpError {
    match refusal(&source) {
        Some(kind) => refused(endpoint, kind, source),
        None => unreachable(endpoint, source),
    }
}

/// An endpoint that could not be reached.
pub(crate) fn unreachable(endpoint: &Endpoint, source: lapin::Error) -> AmqpError {
    AmqpError::Connect {
        endpoint: endpoint.clone(),
        source,
        others: [].into(),
    }
}

fn refused(endpoint: &Endpoint, kind: RefusedKind, source: lapin::Error) -> AmqpError {
    AmqpError::Refused {
        endpoint: endpoint.clone(),
        kind,
        source,
        others: [].into(),
    }
}

/// A TLS handshake that failed. A peer that went away may come back, and so may a network; anything else is
/// an objection.
pub(crate) fn tls(endpoint: &Endpoint, error: io::Error) -> AmqpError {
    let of_the_system = error.raw_os_error().is_some();
    let went_away = of_the_system
        || matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof
        );
    let source = lapin::Error::from(error);
    if went_away {
        unreachable(endpoint, source)
    } else {
        refused(endpoint, RefusedKind::Tls, source)
    }
}

fn refusal(error: &lapin::Error) -> Option<RefusedKind> {
    match error.kind() {
        // 530 like an unknown virtual host, but connections come and go; some of those that count may be ghosts
        // of our own.
        ErrorKind::ProtocolError(error) if error.get_message().as_str().contains(AT_THE_LIMIT) => {
            None
        }
        ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Some(RefusedKind::Auth),
            AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH) => {
                Some(RefusedKind::Vhost)
            }
            AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => None,
        },
        ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_) => {
            Some(RefusedKind::Protocol)
        }
        ErrorKind::AuthProviderError(_) => Some(RefusedKind::Auth),
        _ => None,
    }
}

/// The error with which the broker closed one channel, and nothing but that channel.
pub(crate) fn channel_closed(error: &lapin::Error) -> Option<AmqpError> {
    let ErrorKind::ProtocolError(error) = error.kind() else {
        return None;
    };
    match error.kind() {
        AMQPErrorKind::Soft(_) => Some(AmqpError::ChannelClosed {
            code: error.get_id(),
            text: error.get_message().to_string(),
        }),
        AMQPErrorKind::Hard(_) => None,
    }
}

/// Whether the broker closed the connection because of a frame it could not accept: if a message
/// is the cause, sending it again closes the next connection too.
pub(crate) fn blames_a_frame(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else {
        return false;
    };
    match error.kind() {
        AMQPErrorKind::Hard(
            AMQPHardError::CONNECTIONFORCED
            | AMQPHardError::RESOURCEERROR
            | AMQPHardError::INTERNALERROR,
        )
        | AMQPErrorKind::Soft(_) => false,
        AMQPErrorKind::Hard(_) => true,
    }
}

/// Whether the broker closed the connection because of what it was asked for, as it does over an exchange
/// of a kind that it does not know, rather than on somebody's order.
pub(crate) fn blames_a_request(error: &AmqpError) -> bool {
    const CONNECTION_FORCED: u16 = 320;
    let of_connection = matches!(error, AmqpError::Lapin(_));
    let reply = error.reply().filter(|_| of_connection);
    reply.is_some_and(|(code, _)| code != CONNECTION_FORCED)
}

/// Whether an error that a command failed with is that of the whole connection, which is gone or about to go.
pub(crate) fn ends_the_connection(error: &AmqpError) -> bool {
    let AmqpError::Lapin(error) = error else {
        return false;
    };
    let of_a_channel = matches!(
        error.kind(),
        ErrorKind::InvalidChannel(_) | ErrorKind::InvalidChannelState(..)
    );
    !of_a_channel && channel_closed(error).is_none()
}

/// Whether lapin turned a command down before it sent anything: the channel was known to be dead.
pub(crate) fn never_sent(error: &lapin::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::InvalidChannelState(_, "basic.publish")
    )
}

/// An error of opening a channel.
pub(crate) fn open_channel(error: lapin::Error) -> AmqpError {
    if let ErrorKind::ChannelsLimitReached = error.kind() {
        return AmqpError::ChannelLimit;
    }
    AmqpError::Lapin(error)
}

/// What RabbitMQ says when a node, a virtual host or a user has as many connections as it may.
const AT_THE_LIMIT: &str = "connection limit";

#[cfg(test)]
mod tests {
    use super::*;
    use lapin::protocol::AMQPError;

    fn protocol(code: u16) -> lapin::Error {
        let error = AMQPError::from_id(code, "because".into()).unwrap();
        ErrorKind::ProtocolError(error).into()
    }

    fn endpoint() -> Endpoint {
        crate::endpoint::test_address("amqp://localhost").endpoint
    }

    #[test]
    fn a_wrong_password_and_a_wrong_vhost_are_refusals() {
        for (code, expected) in [(403, RefusedKind::Auth), (530, RefusedKind::Vhost)] {
            let error = handshake(&endpoint(), protocol(code));
            assert!(matches!(error, AmqpError::Refused { kind, .. } if kind == expected));
            assert!(error.is_permanent() && !error.is_retryable());
        }
    }

    #[test]
    fn a_broker_that_shuts_down_during_the_handshake_is_worth_another_attempt() {
        for code in [320, 541, 506] {
            let error = handshake(&endpoint(), protocol(code));
            assert!(matches!(error, AmqpError::Connect { .. }), "{code}");
            assert!(error.is_retryable() && !error.is_permanent());
        }
    }

    #[test]
    fn a_broker_with_too_many_connections_is_worth_another_attempt() {
        let words = "NOT_ALLOWED - access to vhost '/' refused for user 'guest': connection limit (1) is reached";
        let error = AMQPError::from_id(530, words.into()).unwrap();
        let error = handshake(&endpoint(), ErrorKind::ProtocolError(error).into());
        assert!(matches!(error, AmqpError::Connect { .. }), "{error:?}");
    }

    #[test]
    fn soft_errors_close_a_channel_and_hard_errors_do_not() {
        for code in [311, 313, 403, 404, 405, 406] {
            let closed = channel_closed(&protocol(code));
            assert!(matches!(closed, Some(AmqpError::ChannelClosed { code: c, .. }) if c == code));
        }
        for code in [320, 402, 501, 502, 503, 504, 505, 506, 530, 540, 541] {
            assert!(channel_closed(&protocol(code)).is_none(), "{code}");
        }
    }

    #[test]
    fn only_frame_errors_blame_a_frame() {
        for code in [501, 502, 503, 504, 505, 540] {
            assert!(blames_a_frame(&protocol(code)), "{code}");
        }
        for code in [320, 506, 541, 404] {
            assert!(!blames_a_frame(&protocol(code)), "{code}");
        }
    }

    #[test]
    fn a_request_is_not_blamed_for_a_connection_closed_by_order_or_cut() {
        for code in [503, 530, 540, 541] {
            assert!(
                blames_a_request(&AmqpError::Lapin(protocol(code))),
                "{code}"
            );
        }
        assert!(!blames_a_request(&AmqpError::Lapin(protocol(320))));
        let refusal = channel_closed(&protocol(406)).unwrap();
        assert!(!blames_a_request(&refusal), "that was a channel");
        assert!(!blames_a_request(&AmqpError::Lapin(
            ErrorKind::MissingHeartbeatError.into()
        )));
    }

    #[test]
    fn only_errors_of_a_channel_leave_the_connection() {
        let ends = |error: lapin::Error| ends_the_connection(&AmqpError::Lapin(error));
        assert!(ends(protocol(320)) && ends(protocol(503)));
        assert!(ends(
            io::Error::from(io::ErrorKind::ConnectionAborted).into()
        ));
        assert!(ends(ErrorKind::MissingHeartbeatError.into()));
        let state = lapin::ChannelState::Closed;
        assert!(!ends(
            ErrorKind::InvalidChannelState(state, "queue.declare").into()
        ));
        assert!(!ends(protocol(406)));
        assert!(!ends_the_connection(
            &channel_closed(&protocol(406)).unwrap()
        ));
        let waited = std::time::Duration::ZERO;
        assert!(!ends_the_connection(&AmqpError::DeclareTimeout { waited }));
    }

    #[test]
    fn a_peer_that_vanishes_during_tls_may_come_back_and_a_bad_certificate_may_not() {
        let gone = tls(&endpoint(), io::ErrorKind::ConnectionReset.into());
        assert!(matches!(gone, AmqpError::Connect { .. }));
        let no_route = io::Error::from_raw_os_error(113);
        let unreachable = tls(&endpoint(), no_route);
        assert!(matches!(unreachable, AmqpError::Connect { .. }));
        let distrusted = tls(&endpoint(), io::Error::other("unknown issuer"));
        assert!(matches!(
            distrusted,
            AmqpError::Refused {
                kind: RefusedKind::Tls,
                ..
            }
        ));
    }
}
