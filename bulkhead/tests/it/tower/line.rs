//! The line: in the order of the first polls, and with an end.

use tokio::time::{advance, timeout};

use super::*;

#[tokio::test(start_paused = true)]
async fn calls_are_served_in_the_order_of_their_first_polls() {
    let bulkhead = bulkhead();
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let held = bulkhead.try_acquire().unwrap();
    let mut called_first: Response = Box::pin(service.call(done()));
    let mut polled_first: Response = Box::pin(service.call(done()));
    let alarms = [Alarm::new(), Alarm::new()];
    assert!(poll(&mut polled_first, &alarms[0]).is_pending());
    assert!(poll(&mut called_first, &alarms[1]).is_pending());
    drop(held);
    assert_eq!((alarms[0].rings(), alarms[1].rings()), (1, 0));
    assert!(poll(&mut called_first, &alarms[1]).is_pending());
    assert_eq!(poll(&mut polled_first, &alarms[0]), Poll::Ready(Ok(1)));
    assert_eq!(alarms[1].rings(), 1);
    assert_eq!(poll(&mut called_first, &alarms[1]), Poll::Ready(Ok(1)));
}

#[tokio::test(start_paused = true)]
async fn stands_in_one_line_with_those_who_use_the_bulkhead_directly() {
    let bulkhead = bulkhead();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let held = bulkhead.try_acquire().unwrap();
    let mut response = call(&service, hung());
    let mut direct: Boxed<'_, _> = Box::pin(bulkhead.acquire());
    assert!(poll(&mut direct, &Alarm::new()).is_pending());
    drop(held);
    assert!(poll(&mut response, &Alarm::new()).is_pending());
    assert!(poll(&mut direct, &Alarm::new()).is_pending());
    drop(response);
    assert!(poll(&mut direct, &Alarm::new()).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_the_checkout_timeout_and_no_longer() {
    let bulkhead = bulkhead();
    let probe = Probe::default();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(probe.clone());
    let _held = bulkhead.try_acquire().unwrap();
    let rejected = reason(service.oneshot(done()).await);
    let (waited, waiting) = (TIMEOUT, 0);
    assert_eq!(rejected, Reason::Timeout { waited, waiting });
    assert_eq!(probe.counts(), (0, 0));
    assert_eq!(bulkhead.snapshot().waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn the_checkout_timeout_does_not_limit_the_call() {
    let service = BulkheadLayer::new(bulkhead()).layer(Probe::default());
    let (busy, waiting) = (call(&service, hung()), service.oneshot(hung()));
    let mut waiting = Box::pin(waiting);
    assert!(timeout(TIMEOUT / 2, &mut waiting).await.is_err());
    drop(busy);
    assert!(timeout(TIMEOUT * 100, &mut waiting).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_full_line_rejects_without_a_runtime_and_leaves_the_inner_service_alone() {
    let bulkhead = Bulkhead::builder("reports")
        .max_concurrent(1)
        .max_waiting(0)
        .build()
        .unwrap();
    let probe = Probe::default();
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(probe.clone());
    let _held = bulkhead.try_acquire().unwrap();
    let answer = std::thread::spawn(move || service.call(done()).now_or_never().unwrap());
    let full = Reason::Full {
        concurrent: 1,
        waiting: 0,
    };
    assert_eq!(reason(answer.join().unwrap()), full);
    assert_eq!(probe.counts(), (0, 0));
    assert_eq!(bulkhead.snapshot().totals.rejected_full, 1);
}

#[tokio::test(start_paused = true)]
async fn a_closed_bulkhead_rejects_those_who_come_and_those_in_line() {
    let bulkhead = bulkhead();
    let probe = Probe::default();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(probe.clone());
    let held = bulkhead.try_acquire().unwrap();
    let waiting = call(&service, done());
    bulkhead.close();
    assert_eq!(reason(waiting.await), Reason::Closed);
    drop(held);
    assert_eq!(reason(service.oneshot(done()).await), Reason::Closed);
    assert_eq!(probe.counts(), (0, 0));
    assert_eq!(bulkhead.snapshot().totals.rejected_closed, 2);
}

#[tokio::test(start_paused = true)]
async fn a_closed_bulkhead_lets_calls_that_have_a_place_end() {
    let bulkhead = bulkhead();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let (told, answer) = tokio::sync::oneshot::channel();
    let running = call(&service, Box::pin(answer.map(Result::unwrap)));
    bulkhead.close();
    told.send(Ok(3)).unwrap();
    assert_eq!(running.await, Ok(3));
}

#[tokio::test(start_paused = true)]
async fn a_place_handed_over_before_the_time_is_over_is_used() {
    let bulkhead = bulkhead();
    let service = BulkheadLayer::new(bulkhead.clone()).layer(Probe::default());
    let held = bulkhead.try_acquire().unwrap();
    let waiting = call(&service, done());
    drop(held);
    advance(TIMEOUT * 2).await;
    assert_eq!(waiting.await, Ok(1));
    assert_eq!(bulkhead.snapshot().totals.wait_total, TIMEOUT * 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_call_keeps_nothing_of_the_inner_service() {
    let bulkhead = bulkhead();
    let witness = Arc::new(());
    let service = tower::service_fn({
        let witness = Arc::clone(&witness);
        move |_: ()| {
            let _ = &witness;
            ready(Ok::<_, ()>(()))
        }
    });
    let mut service = BulkheadLayer::new(bulkhead.clone()).layer(service);
    bulkhead.close();
    let mut response = service.call(());
    drop(service);
    assert!((&mut response).now_or_never().is_some());
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_wait_with_the_priority_of_the_layers_handle() {
    use steadfast_bulkhead::Priority;
    let bulkhead = bulkhead();
    let _held = bulkhead.try_acquire().unwrap();
    let low = BulkheadLayer::new(bulkhead.with_priority(Priority::Low));
    let mut service = low.layer(tower::service_fn(|(): ()| ready(Ok::<_, ()>(()))));
    let mut response: Boxed<'_, _> = Box::pin(service.call(()));
    assert!(poll(&mut response, &Alarm::new()).is_pending());
    assert_eq!(bulkhead.snapshot().waiting_at(Priority::Low), 1);
}
