//! What each error says of itself.

use std::error::Error as StdError;
use std::time::Duration;

use super::*;
use crate::config_error::FieldError;
use crate::endpoint::test_address;

fn lapin_error() -> lapin::Error {
    lapin::ErrorKind::MissingHeartbeatError.into()
}

fn hook_failure(panicked: bool) -> HookFailure {
    if panicked {
        HookFailure::Panicked("words".into())
    } else {
        HookFailure::TimedOut {
            waited: Duration::from_secs(1),
        }
    }
}

/// One of each: name, whether it may pass by itself, whether only a change can help, whether there is
/// another error behind it.
fn table() -> Vec<(AmqpError, &'static str, bool, bool, bool)> {
    let second = Duration::from_secs(1);
    let endpoint = test_address("amqp://app:secret@broker/shop").endpoint;
    let closed = || Some(Arc::new(AmqpError::Closed));
    let field = FieldError::new("uri", &"x", "must be y");
    let config = ConfigError::new("amqp connection", &"orders".into(), vec![field]);
    let refused = |kind| AmqpError::Refused {
        endpoint: endpoint.clone(),
        kind,
        source: lapin_error(),
        others: Arc::default(),
    };
    let hooked = |panicked| AmqpError::ChannelHook {
        purpose: Purpose::Admin,
        failure: hook_failure(panicked),
    };
    vec![
        (AmqpError::Config(config), "config", false, true, true),
        (
            AmqpError::CircuitOpen {
                retry_after: second,
                last: closed(),
            },
            "circuit_open",
            true,
            false,
            true,
        ),
        (
            AmqpError::PoolFull {
                concurrent: 20,
                waiting: 100,
            },
            "pool_full",
            true,
            false,
            false,
        ),
        (
            AmqpError::CheckoutTimeout { waited: second },
            "checkout_timeout",
            true,
            false,
            false,
        ),
        (
            AmqpError::Disconnected {
                since: second,
                last: closed(),
            },
            "disconnected",
            true,
            false,
            true,
        ),
        (
            AmqpError::ConnectTimeout {
                endpoint: endpoint.clone(),
                step: ConnectStep::Handshake,
                others: Arc::default(),
            },
            "connect_timeout",
            true,
            false,
            false,
        ),
        (
            AmqpError::Connect {
                endpoint: endpoint.clone(),
                source: lapin_error(),
                others: Arc::default(),
            },
            "connect",
            true,
            false,
            true,
        ),
        (
            refused(RefusedKind::Auth),
            "refused_auth",
            false,
            true,
            true,
        ),
        (
            refused(RefusedKind::Vhost),
            "refused_vhost",
            false,
            true,
            true,
        ),
        (refused(RefusedKind::Tls), "refused_tls", false, true, true),
        (
            refused(RefusedKind::Protocol),
            "refused_protocol",
            false,
            true,
            true,
        ),
        (
            AmqpError::Resolver {
                failure: hook_failure(true),
            },
            "resolver",
            true,
            false,
            false,
        ),
        (
            AmqpError::Credentials {
                failure: hook_failure(true),
            },
            "credentials",
            true,
            false,
            false,
        ),
        (
            AmqpError::SecretTimeout { waited: second },
            "secret_timeout",
            true,
            false,
            false,
        ),
        (
            AmqpError::ChannelClosed {
                code: 404,
                text: "NOT_FOUND".into(),
            },
            "channel_closed",
            false,
            true,
            false,
        ),
        (
            AmqpError::ChannelTimeout { waited: second },
            "channel_timeout",
            true,
            false,
            false,
        ),
        (hooked(false), "channel_hook", true, false, false),
        (hooked(true), "channel_hook", false, true, false),
        (
            AmqpError::ChannelLimit,
            "channel_limit",
            false,
            false,
            false,
        ),
        (
            AmqpError::DeclareTimeout { waited: second },
            "declare_timeout",
            true,
            false,
            false,
        ),
        (
            AmqpError::Blocked {
                reason: "low on memory".into(),
                since: second,
            },
            "blocked",
            true,
            false,
            false,
        ),
        (
            AmqpError::Reconnect {
                reason: "nodes have moved".into(),
            },
            "reconnect",
            true,
            false,
            false,
        ),
        (AmqpError::Closed, "closed", false, true, false),
        (AmqpError::Lapin(lapin_error()), "lapin", true, false, true),
    ]
}

#[test]
fn each_error_says_whether_to_try_again_and_what_is_behind_it() {
    for (error, name, retryable, permanent, has_source) in table() {
        assert_eq!(error.error_type(), name);
        assert_eq!(error.is_retryable(), retryable, "{name}");
        assert_eq!(error.is_permanent(), permanent, "{name}");
        assert_eq!(error.source().is_some(), has_source, "{name}");
        let retry_after = (name == "circuit_open").then_some(Duration::from_secs(1));
        assert_eq!(error.retry_after(), retry_after, "{name}");
        let text = error.to_string();
        assert!(!text.contains("secret@") && !text.contains('\n'), "{text}");
        assert!(
            text.starts_with(|first: char| !first.is_uppercase() || text.starts_with("TLS")),
            "{text}"
        );
    }
}

#[test]
fn one_of_each_is_in_the_table() {
    let mut names: Vec<_> = table().iter().map(|row| row.1).collect();
    names.dedup();
    // Those of a topology are tested where there is one.
    for error in table().iter().map(|row| &row.0) {
        match error {
            AmqpError::Config(_)
            | AmqpError::CircuitOpen { .. }
            | AmqpError::PoolFull { .. }
            | AmqpError::CheckoutTimeout { .. }
            | AmqpError::Disconnected { .. }
            | AmqpError::ConnectTimeout { .. }
            | AmqpError::Connect { .. }
            | AmqpError::Refused { .. }
            | AmqpError::Resolver { .. }
            | AmqpError::Credentials { .. }
            | AmqpError::SecretTimeout { .. }
            | AmqpError::ChannelClosed { .. }
            | AmqpError::ChannelTimeout { .. }
            | AmqpError::ChannelHook { .. }
            | AmqpError::ChannelLimit
            | AmqpError::DeclareTimeout { .. }
            | AmqpError::Topology(_)
            | AmqpError::Blocked { .. }
            | AmqpError::Reconnect { .. }
            | AmqpError::Closed
            | AmqpError::Lapin(_) => {}
        }
    }
    assert_eq!(names.len(), 23, "a new error wants a row");
}
