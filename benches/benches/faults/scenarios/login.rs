//! F13: a broker that refuses who we are, or where we want to go, until somebody mends it there.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use steadfast_amqp::{
    AmqpError, Builder, Credentials, Message, PublishError, Purpose, RefusedKind,
    ResilientConnection,
};
use steadfast_benches::clock;
use steadfast_testkit::RabbitNode;
use tokio::time::sleep;

use super::Outcome;
use crate::broker;
use crate::clients::{Kind, builder};
use crate::findings::{Failure, Findings};
use crate::plan::Plan;
use crate::support::{secs, shown, until};

const MAX_BACKOFF: Duration = Duration::from_secs(3);
const QUEUE: &str = "behind";
const ALL: &str = r#"{"configure":".*","write":".*","read":".*"}"#;

pub(crate) async fn run(_: Kind, _: Plan) -> Outcome {
    let node = RabbitNode::start().await?;
    broker::declare(&node, QUEUE, &[]).await?;
    put(
        &node,
        "/api/users/late",
        r#"{"password":"other","tags":""}"#,
    )
    .await?;
    put(&node, "/api/permissions/%2f/late", ALL).await?;
    let mut findings = Findings::default();

    let uri = node.uri().replace("guest:guest", "late:secret");
    let what = "password";
    let late = builder("late", &uri);
    let connection = refused(late, what, RefusedKind::Auth, &mut findings).await?;
    let corrected = r#"{"password":"secret","tags":""}"#;
    put(&node, "/api/users/late", corrected).await?;
    heals(&connection, what, &mut findings).await;

    // The other way around: the program is told of another password, by whoever keeps them.
    let what = "password from a provider";
    let password = Arc::new(Mutex::new("old"));
    let asked = Arc::clone(&password);
    let late = builder("late", &node.uri()).credentials(move || {
        let password = *asked.lock();
        async move { Ok(Credentials::password("late", password)) }
    });
    let connection = refused(late, what, RefusedKind::Auth, &mut findings).await?;
    *password.lock() = "secret";
    heals(&connection, what, &mut findings).await;

    let uri = node.uri().replace("%2f", "nowhere");
    let what = "virtual host";
    let late = builder("late", &uri);
    let connection = refused(late, what, RefusedKind::Vhost, &mut findings).await?;
    put(&node, "/api/vhosts/nowhere", "{}").await?;
    put(&node, "/api/permissions/nowhere/guest", ALL).await?;
    heals(&connection, what, &mut findings).await;
    Ok(findings)
}

async fn put(node: &RabbitNode, path: &str, body: &str) -> Result<(), Failure> {
    match node.management("PUT", path, body).await? {
        (200..300, _) => Ok(()),
        (status, answer) => Err(format!("{path}: {status} {answer}").into()),
    }
}

/// A connection that is refused, watched for a while.
async fn refused(
    late: Builder,
    what: &str,
    expected: RefusedKind,
    findings: &mut Findings,
) -> Result<ResilientConnection, Failure> {
    let began = clock::now();
    let connection = late.max_backoff(MAX_BACKOFF).connect_lazy()?;
    let error = connection.get_channel(Purpose::Admin).await.err();
    let told = error.as_ref().map_or("a channel", AmqpError::error_type);
    let right = matches!(error, Some(AmqpError::Refused { kind, .. }) if kind == expected);
    findings.row(&format!("wrong {what}"), "refused", told, right);
    sleep(secs(12)).await;
    let attempts = connection.snapshot().totals.attempts;
    // The wait is from four fifths of the longest backoff to all of it, and the first attempt waits for none.
    let shortest = MAX_BACKOFF.mul_f64(0.8).as_secs_f64();
    let allowed = 1 + (began.elapsed().as_secs_f64() / shortest) as u64;
    findings.row(
        &format!("attempts in 12 s with a wrong {what}"),
        format!("{allowed} at most: one per longest backoff of 3 s, less a fifth"),
        attempts,
        attempts <= allowed && attempts > 1,
    );
    let error = connection.get_channel(Purpose::Admin).await.err();
    let told = error.as_ref().map_or("a channel", AmqpError::error_type);
    let right = matches!(error, Some(AmqpError::Refused { kind, .. }) if kind == expected);
    findings.row(
        &format!("get_channel after 12 s with a wrong {what}"),
        "refused",
        told,
        right,
    );
    let breaker = format!("{:?}", connection.breaker().state()).to_lowercase();
    findings.note(&format!("breaker by then, wrong {what}"), breaker);
    Ok(connection)
}

async fn heals(connection: &ResilientConnection, what: &str, findings: &mut Findings) {
    let back = until(secs(15), || connection.state().is_connected()).await;
    findings.row(
        &format!("connected once the {what} is right"),
        "4 s at most: longest backoff and a second",
        shown(back),
        back.is_some_and(|time| time <= MAX_BACKOFF + secs(1)),
    );
    // There is no such queue in a new virtual host: the answer is that of the broker all the same.
    let message = Message::new("", QUEUE, "in").deadline(secs(5));
    let answer = connection.publisher().publish(message).await;
    let answered = matches!(answer, Ok(_) | Err(PublishError::Returned(_)));
    findings.row(
        &format!("and publishes, {what}"),
        "yes",
        if answered { "yes" } else { "no" },
        answered,
    );
    connection.close(secs(5)).await;
}
