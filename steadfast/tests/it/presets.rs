//! The ready-made policies are what their tables say.

use std::time::Duration;

use steadfast::policy::Policy;

#[test]
fn they_are_what_their_tables_say() {
    let secs = Duration::from_secs;
    for (builder, attempts, base, max_backoff, places, has_budget) in [
        (
            Policy::http_like("a"),
            3,
            Duration::from_millis(100),
            secs(5),
            50,
            true,
        ),
        (
            Policy::queue_like("a"),
            20,
            Duration::from_millis(200),
            secs(30),
            20,
            false,
        ),
        (Policy::llm_like("a"), 3, secs(1), secs(30), 10, true),
    ] {
        let policy = builder.build().unwrap();
        let retry = policy.retry().unwrap();
        let config = retry.config();
        assert_eq!(config.max_attempts, attempts);
        assert_eq!(config.base_backoff, base);
        assert_eq!(config.max_backoff, max_backoff);
        assert_eq!(retry.budget().is_some(), has_budget);
        let places_of = policy.bulkhead().unwrap().config();
        assert_eq!(places_of.max_concurrent, places);
        assert_eq!(policy.breaker().unwrap().name(), "a");
        assert_eq!(policy.bulkhead().unwrap().name(), "a");
    }
}

#[test]
fn any_part_can_be_another() {
    let own = steadfast::retry::Retry::builder("own").build().unwrap();
    let policy = Policy::http_like("stock").retry(own).build().unwrap();
    assert_eq!(policy.retry().unwrap().name(), "own");
}
