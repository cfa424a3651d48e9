use super::*;
use crate::settings::Settings;
use crate::versions::Versions;

fn authorities(limit: usize) -> Authorities {
    let mut settings = Settings::default();
    settings.breaker.failure_threshold = Some(1);
    settings.breaker.success_threshold = 1;
    settings.breaker.ramp_up = Duration::from_secs(60);
    settings.max_authorities = limit;
    let settings = Arc::new(Versions::new(settings));
    Authorities::new(Patterns::new(Arc::from("test"), settings))
}

fn names(authorities: &Authorities) -> Vec<String> {
    authorities
        .all()
        .iter()
        .map(|authority| authority.name.to_string())
        .collect()
}

#[test]
fn one_authority_has_one_state() {
    let authorities = authorities(2);
    let (first, is_new) = authorities.meet("a:80");
    assert!(is_new);
    let (second, is_new) = authorities.meet("a:80");
    assert!(!is_new);
    assert!(first.breaker.ptr_eq(&second.breaker));
    assert_eq!(first.breaker.name(), "test/a:80");
    assert_eq!(first.bulkhead.name(), "test/a:80");
}

#[test]
fn forgets_the_least_recently_used_idle_one() {
    let authorities = authorities(2);
    authorities.meet("a:80");
    authorities.meet("b:80");
    authorities.meet("a:80");
    authorities.meet("c:80");
    assert_eq!(names(&authorities), ["a:80", "c:80"]);
    assert_eq!(
        {
            let counted = authorities.counted();
            (counted.known, counted.evicted)
        },
        (2, 1)
    );
}

#[test]
fn never_forgets_one_with_calls_in_flight() {
    let authorities = authorities(3);
    let in_flight = authorities.meet("a:80").0.breaker.try_acquire();
    let running = authorities.meet("b:80").0.bulkhead.try_acquire();
    let held = authorities.meet("c:80");
    let (overflow, is_new) = authorities.meet("d:80");
    assert!(is_new);
    let (other, is_new) = authorities.meet("e:80");
    assert!(overflow.breaker.ptr_eq(&other.breaker) && !is_new);
    let all = ["(overflow)", "a:80", "b:80", "c:80"];
    assert_eq!(names(&authorities), all);
    assert_eq!(authorities.counted().overflowed, 2);

    drop((in_flight, running, held));
    authorities.meet("d:80");
    assert!(names(&authorities).contains(&"d:80".to_owned()));
    assert_eq!(authorities.counted().overflowed, 2);
}

#[test]
fn never_forgets_one_whose_breaker_rejects_calls() {
    let authorities = authorities(1);
    let broken = authorities.meet("a:80").0.breaker.clone();
    broken.try_acquire().unwrap().failure();
    assert_eq!(broken.state(), State::Open);
    authorities.meet("b:80");
    assert_eq!(names(&authorities), ["(overflow)", "a:80"]);
}

#[tokio::test(start_paused = true)]
async fn never_forgets_one_that_wants_to_be_left_alone() {
    let authorities = authorities(1);
    let (throttled, _) = authorities.meet("a:80");
    throttled.throttle.hold_back(Duration::from_secs(5));
    drop(throttled);
    authorities.meet("b:80");
    assert_eq!(names(&authorities), ["(overflow)", "a:80"]);
    tokio::time::advance(Duration::from_secs(5)).await;
    authorities.meet("b:80");
    assert_eq!(names(&authorities), ["(overflow)", "b:80"]);
}

#[tokio::test(start_paused = true)]
async fn what_one_server_states_holds_back_no_other_of_those_without_room() {
    let authorities = authorities(1);
    let _held = authorities.meet("a:80");
    let (overflow, _) = authorities.meet("b:80");
    overflow.throttle.hold_back(Duration::from_secs(5));
    assert_eq!(overflow.throttle.left(), None);
}

#[tokio::test(start_paused = true)]
async fn forgets_one_whose_open_time_is_over_only_when_no_closed_one_is_left() {
    let authorities = authorities(2);
    let broken = authorities.meet("a:80").0.breaker.clone();
    broken.try_acquire().unwrap().failure();
    authorities.meet("b:80");
    tokio::time::advance(Duration::from_secs(31)).await;
    authorities.meet("c:80");
    assert_eq!(names(&authorities), ["a:80", "c:80"], "b was closed");

    let busy = authorities.meet("c:80");
    authorities.meet("d:80");
    assert_eq!(names(&authorities), ["c:80", "d:80"]);
    drop(busy);
}

#[tokio::test(start_paused = true)]
async fn one_whose_breaker_ramps_up_is_worth_as_much_as_one_that_may_probe() {
    let authorities = authorities(2);
    let mended = authorities.meet("a:80").0.breaker.clone();
    mended.try_acquire().unwrap().failure();
    tokio::time::advance(Duration::from_secs(30)).await;
    mended.try_acquire().unwrap().success();
    assert_eq!(mended.state(), State::Closed);
    authorities.meet("b:80");
    authorities.meet("c:80");
    assert_eq!(names(&authorities), ["a:80", "c:80"], "b was just closed");

    tokio::time::advance(Duration::from_secs(60)).await;
    authorities.meet("d:80");
    assert_eq!(names(&authorities), ["c:80", "d:80"], "the ramp is over");
}

#[test]
fn an_authority_is_host_and_port() {
    for (url, authority) in [
        ("http://api.example/x", "api.example:80"),
        ("https://api.example/x", "api.example:443"),
        ("https://user:secret@api.example:8443/", "api.example:8443"),
        ("http://[::1]/", "[::1]:80"),
    ] {
        let url = Url::parse(url).unwrap();
        let name = with_authority(&url, str::to_owned);
        assert_eq!(name.as_deref(), Some(authority));
    }
    for url in ["mailto:me@x.y", "ftp://x.y/z"] {
        let url = Url::parse(url).unwrap();
        assert_eq!(with_authority(&url, str::to_owned), None);
    }
}

#[test]
fn the_latest_gives_way_to_the_next() {
    let authorities = authorities(1);
    let url = |host: &str| Url::parse(&format!("http://{host}/")).unwrap();
    for host in ["a", "a", "b", "b", "a"] {
        for _ in 0..3 {
            let (authority, _) = authorities.meet_url(&url(host)).unwrap();
            assert_eq!(*authority.name, *format!("{host}:80"));
        }
    }
    assert_eq!(authorities.counted().overflowed, 0);
}
