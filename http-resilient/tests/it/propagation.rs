//! What servers are told of the request, and what is adopted of one that came in.

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use steadfast_http::{Builder, Client, OnTop, Origins, Propagation, ResponseExt};
use steadfast_testkit::{HttpUpstream, Received, Reply};
use tokio::runtime::Handle;

use crate::support::{SECOND, millis, now, quick};

fn everywhere() -> Propagation {
    Propagation::to(Origins::any())
}

fn headers(told: &[(&str, &str)]) -> HeaderMap {
    told.iter()
        .map(|(name, value)| {
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

fn attempts(upstream: &HttpUpstream) -> Vec<Option<String>> {
    let told = |one: &Received| one.header("x-retry-attempt").map(str::to_owned);
    upstream.requests().iter().map(told).collect()
}

fn left(request: &Received) -> Option<u64> {
    Some(request.header("x-deadline-ms")?.parse().unwrap())
}

#[tokio::test]
async fn each_attempt_tells_its_number_and_what_is_left_by_then() {
    let upstream = HttpUpstream::start().await;
    upstream.script([
        Reply::status(503).header("retry-after", "1"),
        Reply::status(503),
    ]);
    let client = quick().propagation(everywhere()).build().unwrap();
    client.get(upstream.url("/")).send().await.unwrap();
    let requests = upstream.requests();
    let told = ["1", "2", "3"].map(|number| Some(number.to_owned()));
    assert_eq!(attempts(&upstream), told);
    let left: Vec<_> = requests.iter().map(|one| left(one).unwrap()).collect();
    assert!(left[0] <= 10_000, "{left:?}");
    assert!(left[1] <= left[0] - 1_000, "{left:?}");
    assert!(left[2] <= left[1], "{left:?}");
}

#[tokio::test]
async fn nobody_is_told_who_is_not_on_the_list() {
    let upstream = HttpUpstream::start().await;
    let other_port = Origins::hosts(["127.0.0.1:1", "*.internal"]);
    for builder in [
        quick(),
        quick().propagation(Propagation::default()),
        quick().propagation(Propagation::to(other_port)),
    ] {
        let client = builder.build().unwrap();
        client.get(upstream.url("/")).send().await.unwrap();
    }
    let on_it = Propagation::to(Origins::hosts([upstream.addr().to_string()]));
    let client = quick().propagation(on_it).build().unwrap();
    let request = client.get(upstream.url("/")).no_propagation();
    request.send().await.unwrap();
    assert_eq!(attempts(&upstream), [None, None, None, None]);
    assert!(upstream.requests().iter().all(|one| left(one).is_none()));

    client.get(upstream.url("/")).send().await.unwrap();
    let last = upstream.requests().pop().unwrap();
    assert_eq!(last.header("x-retry-attempt"), Some("1"));
    assert!(left(&last).is_some());
}

#[tokio::test]
async fn the_headers_have_the_names_they_were_given() {
    let upstream = HttpUpstream::start().await;
    let propagation = everywhere()
        .attempt_header("x-attempt".parse().unwrap())
        .deadline_header("x-time-left".parse().unwrap());
    let client = quick().propagation(propagation).build().unwrap();
    let incoming = headers(&[("x-attempt", "4"), ("x-retry-attempt", "9")]);
    let request = client.get(upstream.url("/")).adopt(&incoming);
    request.send().await.unwrap();
    let told = upstream.requests().pop().unwrap();
    assert_eq!(told.header("x-attempt"), Some("4"));
    assert!(told.header("x-time-left").is_some());
    assert_eq!(told.header("x-retry-attempt"), None);
    assert_eq!(left(&told), None);
}

#[tokio::test]
async fn where_there_is_no_deadline_none_is_told_whatever_the_caller_wrote() {
    let upstream = HttpUpstream::start().await;
    let client = quick()
        .total_timeout(std::time::Duration::MAX)
        .propagation(everywhere())
        .build()
        .unwrap();
    let request = client.get(upstream.url("/")).header("x-deadline-ms", "17");
    request.send().await.unwrap();
    assert_eq!(left(&upstream.requests()[0]), None);
}

#[tokio::test]
async fn an_adopted_deadline_ends_the_request_and_is_told_on() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::stall());
    let client = quick().propagation(everywhere()).build().unwrap();
    let incoming = headers(&[("x-deadline-ms", "200")]);
    for late in [None, Some(now() + 3600 * SECOND)] {
        let mut request = client.get(upstream.url("/")).adopt(&incoming);
        if let Some(late) = late {
            request = request.deadline(late);
        }
        let error = request.send().await.unwrap_err();
        assert!(error.is_deadline_exceeded(), "{error:?}");
    }
    let soon = now() + millis(50);
    let request = client
        .get(upstream.url("/"))
        .adopt(&incoming)
        .deadline(soon);
    assert!(request.send().await.unwrap_err().is_deadline_exceeded());
    let left: Vec<_> = upstream.requests().iter().map(left).collect();
    assert!(left.iter().all(|left| left.unwrap() <= 200), "{left:?}");
}

#[tokio::test]
async fn an_adopted_deadline_that_is_over_sends_nothing() {
    let upstream = HttpUpstream::start().await;
    let client = quick().build().unwrap();
    let incoming = headers(&[("x-deadline-ms", "0")]);
    let request = client.get(upstream.url("/")).adopt(&incoming);
    let error = request.send().await.unwrap_err();
    assert!(error.is_deadline_exceeded() && !error.was_sent());
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn a_retry_of_somebody_else_is_not_retried_on_top() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503).body("busy"));
    let client = quick().propagation(everywhere()).build().unwrap();
    let incoming = headers(&[("x-retry-attempt", "2")]);
    let request = client.get(upstream.url("/")).adopt(&incoming);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.text().await.unwrap(), "busy");
    assert_eq!(attempts(&upstream), [Some("2".to_owned())]);

    // The first attempt of somebody else is, and the numbers go on from there.
    let always = quick().propagation(everywhere().on_top(OnTop::Always));
    for (client, told) in [(client, "1"), (always.build().unwrap(), "2")] {
        upstream.forget();
        let incoming = headers(&[("x-retry-attempt", told)]);
        let request = client.get(upstream.url("/")).adopt(&incoming);
        assert_eq!(request.send().await.unwrap().attempts(), 3);
        let first: u32 = told.parse().unwrap();
        let numbers: Vec<_> = (first..first + 3)
            .map(|nth| Some(nth.to_string()))
            .collect();
        assert_eq!(attempts(&upstream), numbers);
    }
}

/// reqwest strips credentials from a request that it redirects to another origin, and these headers it
/// does not know. This is what the docs say, and a test that fails if reqwest learns better.
#[tokio::test]
async fn a_redirect_that_reqwest_follows_takes_the_headers_along() {
    let (first, second) = (HttpUpstream::start().await, HttpUpstream::start().await);
    let to_second = Reply::status(307).header("location", second.url("/"));
    first.respond_with(move |_, _| to_second.clone());
    let first_alone = || Propagation::to(Origins::hosts([first.addr().to_string()]));
    let client = quick().propagation(first_alone()).build().unwrap();
    let request = client.get(first.url("/")).bearer_auth("secret");
    request.send().await.unwrap();
    let arrived = second.requests().pop().unwrap();
    assert_eq!(arrived.header("authorization"), None);
    assert_eq!(arrived.header("x-retry-attempt"), Some("1"));
    assert!(left(&arrived).is_some());

    let stay = quick().redirect(Policy::none()).propagation(first_alone());
    let client = stay.build().unwrap();
    let response = client.get(first.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(second.request_count(), 1);
}

/// A service that asks the next one for every request it gets, and answers what that answered.
async fn service(next: String, client: Client) -> HttpUpstream {
    let (service, runtime) = (HttpUpstream::start().await, Handle::current());
    service.respond_with(move |request, _| {
        let incoming: HeaderMap = request
            .headers
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().unwrap();
                (name, HeaderValue::from_str(value).unwrap())
            })
            .collect();
        let asking = client.get(&next).adopt(&incoming).send();
        let asking = async { asking.await.map_or(500, |answer| answer.status().as_u16()) };
        // The server's thread has a runtime of its own, which must not be blocked on.
        let answered = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(asking)).join());
        Reply::status(answered.unwrap())
    });
    service
}

/// How many requests reach a server that is down, behind three services of three attempts each.
async fn amplification(configure: impl Fn(Builder) -> Builder) -> usize {
    let client = || {
        let patient = quick()
            .attempt_timeout(30 * SECOND)
            .total_timeout(60 * SECOND);
        let patient = patient.failure_threshold(1_000).unbudgeted();
        configure(patient).build().unwrap()
    };
    let down = HttpUpstream::start().await;
    down.respond_with(|_, _| Reply::status(503));
    let third = service(down.url("/"), client()).await;
    let second = service(third.url("/"), client()).await;
    let response = client().get(second.url("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    down.request_count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_of_three_services_multiply_unless_they_tell_each_other() {
    assert_eq!(amplification(|builder| builder).await, 27);
    for (on_top, requests) in [
        (OnTop::Always, 27),
        (OnTop::FirstAttempts, 7),
        (OnTop::Never, 3),
    ] {
        let propagation = everywhere().on_top(on_top);
        let told = |builder: Builder| builder.propagation(propagation.clone());
        assert_eq!(amplification(told).await, requests, "{on_top:?}");
    }
}

#[tokio::test]
async fn a_retry_of_somebody_else_is_not_hedged_either() {
    let upstream = HttpUpstream::start().await;
    upstream.script([Reply::ok("slow").delay(millis(300))]);
    let mut soon = steadfast_retry::HedgeConfig::default();
    soon.trigger = steadfast_retry::HedgeTrigger::Delay(millis(50));
    let builder = quick().propagation(everywhere()).hedge(soon);
    let client = builder.build().unwrap();
    let incoming = headers(&[("x-retry-attempt", "2")]);
    let request = client.get(upstream.url("/")).adopt(&incoming);
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "slow");
    assert_eq!(upstream.request_count(), 1);
}

#[tokio::test]
async fn the_number_of_an_adopted_attempt_is_not_lost_to_coalescing() {
    let upstream = HttpUpstream::start().await;
    let builder = quick().propagation(everywhere().on_top(OnTop::Always));
    let client = builder.coalesce(true).build().unwrap();
    let incoming = headers(&[("x-retry-attempt", "2")]);
    let request = client.get(upstream.url("/")).adopt(&incoming);
    request.send().await.unwrap();
    assert_eq!(attempts(&upstream), [Some("2".to_owned())]);
}
