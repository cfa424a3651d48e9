//! One round of the endpoints.

use std::sync::Arc;

use super::Supervisor;
use crate::access::Grant;
use crate::clock;
use crate::credentials::Lease;
use crate::dial::Dialed;
use crate::endpoint::Endpoint;
use crate::error::{AmqpError, ConnectStep};
use crate::link::Event;

impl Supervisor {
    /// Goes once through the endpoints, until one takes the connection.
    pub(super) async fn dial(&self) -> Result<(Dialed, Option<Lease>), AmqpError> {
        let Self { hub, access, .. } = self;
        if let Some(resolved) = access.resolve().await {
            let error = resolved.err();
            hub.apply(Event::Resolved {
                error: error.clone().map(Into::into),
            });
            if let (Some(error), None) = (error, access.first()) {
                return Err(error);
            }
        }
        let grant = access.authorize().await?;
        let by = clock::after(access.round_time());
        let mut failed = Vec::new();
        for address in access.round() {
            if !failed.is_empty() && clock::now() >= by {
                out_of_time(&mut failed, address.endpoint);
                break;
            }
            hub.apply(Event::Dialing {
                endpoint: address.endpoint.clone(),
            });
            let deadline = by.min(clock::after(address.connect_timeout));
            let dialer = access.dialer(address, grant.as_ref());
            match dialer.dial(deadline).await {
                Ok(dialed) => {
                    let lease = grant.and_then(|grant: Grant| grant.lease);
                    hub.apply(Event::Dialed {
                        secret_until: lease.map(Lease::runs_out_at),
                    });
                    return Ok((dialed, lease));
                }
                Err(error) => failed.push(error),
            }
        }
        Err(verdict(failed))
    }
}

/// There is no time left for this endpoint. It may take us the next time: if those before it all refused, they
/// have not spoken for all.
fn out_of_time(failed: &mut Vec<AmqpError>, endpoint: Endpoint) {
    if failed.iter().all(is_refusal) {
        failed.push(AmqpError::ConnectTimeout {
            endpoint,
            step: ConnectStep::Resolve,
            others: Arc::default(),
        });
    }
}

fn is_refusal(error: &AmqpError) -> bool {
    matches!(error, AmqpError::Refused { .. })
}

/// What to say of an attempt in which no endpoint took the connection: that it was refused, if they all did,
/// or else the last of the failures that were none.
fn verdict(mut failed: Vec<AmqpError>) -> AmqpError {
    let told = failed.iter().rposition(|error| !is_refusal(error));
    let error = failed.remove(told.unwrap_or(failed.len() - 1));
    error.among(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::test_address;
    use crate::error::RefusedKind;

    fn endpoint(host: &str) -> Endpoint {
        test_address(&format!("amqp://{host}")).endpoint
    }

    fn refused(host: &str) -> AmqpError {
        AmqpError::Refused {
            endpoint: endpoint(host),
            kind: RefusedKind::Auth,
            source: lapin::ErrorKind::MissingHeartbeatError.into(),
            others: Arc::default(),
        }
    }

    #[test]
    fn refusals_speak_for_all_only_if_all_were_asked() {
        let all = verdict(vec![refused("a"), refused("b")]);
        assert!(matches!(all, AmqpError::Refused { .. }) && all.is_permanent());

        let mut failed = vec![refused("a"), refused("b")];
        out_of_time(&mut failed, endpoint("c"));
        let some = verdict(failed);
        assert!(some.is_retryable() && !some.is_permanent());
        let AmqpError::ConnectTimeout {
            endpoint, others, ..
        } = some
        else {
            panic!("{some:?}");
        };
        assert_eq!((endpoint.host(), others.len()), ("c", 2));
    }

    #[test]
    fn a_failure_that_was_seen_says_more_than_the_time() {
        let seen = AmqpError::ConnectTimeout {
            endpoint: endpoint("a"),
            step: ConnectStep::Handshake,
            others: Arc::default(),
        };
        let mut failed = vec![seen, refused("b")];
        out_of_time(&mut failed, endpoint("c"));
        assert_eq!(failed.len(), 2);
    }
}
