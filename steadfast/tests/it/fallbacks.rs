//! What is returned in place of a failure.

use std::time::Duration;

use steadfast::policy::Policy;
use tokio::time::sleep;

use crate::support::now;

const SECOND: Duration = Duration::from_secs(1);

fn within(timeout: Duration) -> Policy {
    let builder = Policy::builder("prices").total_timeout(timeout);
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_is_not_asked_where_there_is_an_answer() {
    let policy = within(SECOND);
    let answer = policy.call_or(
        |_| async { Ok::<_, &str>(1) },
        |_| async { unreachable!("there is an answer") },
    );
    assert_eq!(answer.await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_sees_what_failed_and_may_decline() {
    let policy = within(SECOND);
    let refused = |_| async { Err::<u32, _>("refused") };
    let answer = policy.call_or(refused, |error| {
        let known = error.operation() == Some(&"refused");
        async move { known.then_some(2) }
    });
    assert_eq!(answer.await.unwrap(), 2);
    let error = policy.call_or(refused, |_| async { None }).await;
    assert_eq!(error.unwrap_err().into_operation(), Some("refused"));
}

#[tokio::test(start_paused = true)]
async fn it_has_what_is_left_of_the_total_timeout() {
    let policy = within(10 * SECOND);
    let begun = now();
    let slow = |_: &_| async {
        sleep(60 * SECOND).await;
        Some(3)
    };
    let error = policy
        .call_or(
            |_| async {
                sleep(4 * SECOND).await;
                Err::<u32, _>("refused")
            },
            slow,
        )
        .await
        .unwrap_err();
    assert_eq!(begun.elapsed(), 10 * SECOND);
    assert_eq!(error.operation(), Some(&"refused"), "what failed first");
}

#[tokio::test(start_paused = true)]
async fn with_no_time_left_what_is_ready_at_once_is_taken() {
    let never = |_| std::future::pending::<Result<u32, &str>>();
    let policy = within(SECOND);
    let answer = policy.call_or(never, |error| {
        assert!(error.is_timeout());
        async { Some(4) }
    });
    assert_eq!(answer.await.unwrap(), 4);
}
