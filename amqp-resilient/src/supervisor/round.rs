//! One round of the endpoints.

use super::Supervisor;
use crate::access::Grant;
use crate::clock;
use crate::credentials::Lease;
use crate::dial::Dialed;
use crate::error::AmqpError;
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

/// What to say of an attempt in which no endpoint took the connection: that it was refused, if they all did,
/// or else the last of the failures that were none.
fn verdict(mut failed: Vec<AmqpError>) -> AmqpError {
    let is_refusal = |error: &AmqpError| matches!(error, AmqpError::Refused { .. });
    let told = failed.iter().rposition(|error| !is_refusal(error));
    let error = failed.remove(told.unwrap_or(failed.len() - 1));
    error.among(failed)
}
