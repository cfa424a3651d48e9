//! How many wait by chance, and for how long, counted on the bulkhead itself.

use std::time::Duration;

use steadfast_bulkhead::Bulkhead;

use super::{
    assert_page_says, chance_to_wait, mean_wait,
    traffic::{Crowd, send},
};

const HOLD: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn as_many_wait_and_as_long_as_erlang_computed() {
    assert_page_says("the share within a tenth, the mean within a fifth");
    for (a, places, calls) in [(1.0, 3, 15_000), (10.0, 14, 35_000)] {
        let bulkhead = Bulkhead::builder("erlang")
            .max_concurrent(places as usize)
            .max_waiting(1_000_000)
            .checkout_timeout(Duration::from_secs(1_000_000))
            .build()
            .unwrap();
        let seconds = (f64::from(calls) / a) as u32;
        let [calls] = send(&bulkhead, [Crowd::new(a, HOLD)], seconds).await;
        let totals = bulkhead.snapshot().totals;
        assert_eq!(totals.acquired, calls.len() as u64, "everybody was served");
        let calls = totals.acquired as f64;
        let share = totals.acquired_after_wait as f64 / calls / chance_to_wait(places, a);
        assert!((0.9..1.1).contains(&share), "{places} for {a}: {share}");
        let mean = totals.wait_total.as_secs_f64() / calls / mean_wait(places, a);
        assert!((0.8..1.2).contains(&mean), "{places} for {a}: {mean}");
    }
}
