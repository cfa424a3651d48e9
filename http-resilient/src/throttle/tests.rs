use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn holds_back_until_the_latest_moment_that_was_stated() {
    let throttle = Throttle::new(SECOND * 60);
    assert!(!throttle.is_set());
    throttle.hold_back(SECOND * 5);
    throttle.hold_back(SECOND * 2);
    assert_eq!(throttle.left(), Some(SECOND * 5));
    tokio::time::advance(SECOND * 4).await;
    throttle.hold_back(SECOND * 2);
    assert_eq!(throttle.left(), Some(SECOND * 2));
    tokio::time::advance(SECOND * 2).await;
    assert_eq!(throttle.left(), None);
    tokio::time::advance(SPREAD).await;
    assert_eq!(throttle.left(), None);
    assert!(!throttle.is_set(), "the next one looks at no clock");
}

#[tokio::test(start_paused = true)]
async fn never_holds_back_for_longer_than_it_may() {
    let throttle = Throttle::new(SECOND);
    throttle.hold_back(Duration::MAX);
    assert_eq!(throttle.left(), Some(SECOND));
    let off = Throttle::new(Duration::ZERO);
    off.hold_back(Duration::MAX);
    assert!(!off.is_set());
    let boundless = Throttle::new(Duration::MAX);
    boundless.hold_back(Duration::MAX);
    assert!(boundless.left() > Some(SECOND * 3_600 * 24 * 365 * 500));
}

#[tokio::test(start_paused = true)]
async fn no_time_stated_is_none() {
    let throttle = Throttle::new(SECOND);
    throttle.hold_back(Duration::ZERO);
    assert!(!throttle.is_set());
}

#[tokio::test]
async fn the_spread_is_even_and_never_early() {
    let throttle = Throttle::new(SECOND);
    let mut tenths = [0_u32; 10];
    for _ in 0..200 {
        let drawn = throttle.draw();
        assert!(drawn < SPREAD);
        tenths[(drawn.as_micros() / 2_000) as usize] += 1;
    }
    assert!(
        tenths.iter().all(|calls| (15..=25).contains(calls)),
        "{tenths:?}"
    );
}
