//! Readiness is the inner service's own: it asks the breaker nothing, reserves nothing, counts nothing.

use std::future::{Ready, pending, ready};
use std::task::{Context, Poll};

use futures_util::FutureExt;
use steadfast_breaker::tower::BreakerLayer;
use steadfast_breaker::{CircuitBreaker, Error, Reason, State};
use tokio::sync::oneshot;
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt, service_fn};

use super::{OPEN_FOR, breaker, open, rejected};

#[tokio::test]
async fn readiness_is_the_inner_services_own_even_if_the_breaker_is_open() {
    struct Gate(oneshot::Receiver<()>);
    impl Service<()> for Gate {
        type Response = ();
        type Error = &'static str;
        type Future = Ready<Result<(), &'static str>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            self.0.poll_unpin(cx).map_err(|_| "gone")
        }

        fn call(&mut self, (): ()) -> Self::Future {
            ready(Ok(()))
        }
    }
    let (opens, gate) = oneshot::channel();
    let mut service = BreakerLayer::new(open()).layer(Gate(gate));
    assert!(service.ready().now_or_never().is_none());
    opens.send(()).unwrap();
    assert!(rejected(service.ready().await.unwrap().call(()).await));
    assert_eq!(service.breaker().snapshot().totals.rejected, 1);
}

#[tokio::test]
async fn an_error_of_readiness_is_passed_on_and_not_counted() {
    #[derive(Clone)]
    struct Dead;
    impl Service<()> for Dead {
        type Response = ();
        type Error = &'static str;
        type Future = Ready<Result<(), &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Err("closed"))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            panic!("called without being ready")
        }
    }
    for breaker in [breaker(), open()] {
        let before = breaker.snapshot().totals;
        let service = BreakerLayer::new(breaker.clone()).layer(Dead);
        for _ in 0..10 {
            let answer = service.clone().oneshot(()).await;
            assert_eq!(answer, Err(Error::Operation("closed")));
        }
        assert_eq!(breaker.snapshot().totals, before);
    }
}

#[tokio::test(start_paused = true)]
async fn services_that_are_ready_and_not_called_take_no_probes_place() {
    for max_probes in [1, 3] {
        let breaker = CircuitBreaker::builder("db")
            .failure_threshold(1)
            .success_threshold(1)
            .open_for(OPEN_FOR)
            .max_probes(max_probes)
            .build()
            .unwrap();
        let service = BreakerLayer::new(breaker.clone())
            .layer(service_fn(|_: ()| pending::<Result<(), &str>>()));
        let mut idle: Vec<_> = (0..10).map(|_| service.clone()).collect();
        breaker.try_acquire().unwrap().failure();
        advance(OPEN_FOR).await;
        for service in &mut idle {
            service.ready().await.unwrap();
        }
        assert_eq!(breaker.state(), State::Open, "readiness moved the breaker");
        let mut probes: Vec<_> = (0..max_probes)
            .map(|_| Box::pin(service.clone().oneshot(())))
            .collect();
        for probe in &mut probes {
            assert!(probe.as_mut().now_or_never().is_none());
        }
        assert_eq!(breaker.snapshot().in_flight, u64::from(max_probes));
        for service in &mut idle {
            let error = service.call(()).await.unwrap_err();
            assert_eq!(error.rejected().unwrap().reason(), Reason::ProbesBusy);
        }
        drop(probes);
        for service in &mut idle {
            service.ready().await.unwrap();
        }
        drop(idle);
        assert_eq!(breaker.snapshot().in_flight, 0);
        let probes: Vec<_> = (0..max_probes)
            .map(|_| breaker.try_acquire().unwrap())
            .collect();
        assert!(breaker.try_acquire().is_err());
        drop(probes);
    }
}
