//! What nobody may do, and what cannot be done.

use serde_json::json;
use steadfast_breaker::Mode;

use super::{PAYMENTS, force_open, of_payments};
use crate::support::{Served, breaker, operators, said};

#[tokio::test]
async fn only_the_page_itself_can_post() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let host = served.origin().strip_prefix("http://").unwrap().to_owned();
    let own = format!("http://{host}");
    let own_tls = format!("https://{host}");
    let json_type = ("content-type", "application/json");
    let csrf = ("x-resilience-csrf", "1");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[csrf, ("sec-fetch-site", "same-origin")], 415),
        (
            &[
                csrf,
                ("content-type", "text/plain"),
                ("sec-fetch-site", "same-origin"),
            ],
            415,
        ),
        (
            &[
                csrf,
                ("content-type", "application/x-www-form-urlencoded"),
                ("origin", &own),
            ],
            415,
        ),
        (&[json_type, ("sec-fetch-site", "same-origin")], 403),
        (
            &[
                json_type,
                ("x-resilience-csrf", "0"),
                ("sec-fetch-site", "same-origin"),
            ],
            403,
        ),
        (&[json_type, csrf], 403),
        (&[json_type, csrf, ("sec-fetch-site", "cross-site")], 403),
        (&[json_type, csrf, ("sec-fetch-site", "same-site")], 403),
        (&[json_type, csrf, ("sec-fetch-site", "none")], 403),
        (
            &[
                json_type,
                csrf,
                ("sec-fetch-site", "cross-site"),
                ("origin", &own),
            ],
            403,
        ),
        (&[json_type, csrf, ("origin", "http://evil.example")], 403),
        (&[json_type, csrf, ("origin", "null")], 403),
        (&[json_type, csrf, ("origin", "http://127.0.0.1")], 403),
        (
            &[json_type, csrf, ("origin", &own), ("operator", "mallory")],
            403,
        ),
        (&[json_type, csrf, ("origin", &own)], 200),
        (&[json_type, csrf, ("origin", &own_tls)], 200),
        (
            &[
                ("content-type", "Application/JSON; charset=utf-8"),
                csrf,
                ("origin", &own),
            ],
            200,
        ),
    ];
    for (headers, expected) in cases {
        payments.reset();
        let mut request = served.client.post(served.url("api/control"));
        for (name, value) in *headers {
            request = request.header(*name, *value);
        }
        let (status, line) = said(request.body(force_open(PAYMENTS))).await;
        assert_eq!(status, *expected, "{headers:?}: {line}");
        let forced = payments.mode() == Mode::ForcedOpen;
        assert_eq!(forced, *expected == 200, "{headers:?}");
    }
    let get = served.get("api/control").await;
    assert_eq!(
        (get.status().as_u16(), &get.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
}

#[tokio::test]
async fn what_is_not_well_formed_is_refused_with_a_line_that_helps() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let long = "x".repeat(201);
    for (more, expected) in [
        (
            json!({ "action": "explode" }),
            "action must be one of force_open, force_closed, disable, automatic, reset, set_limit, reconnect, check_now",
        ),
        (
            json!({ "action": "force_open", "reason": " a " }),
            "reason must be one line of 3 to 200 characters",
        ),
        (
            json!({ "action": "force_open", "reason": long }),
            "reason must be one line of 3 to 200 characters",
        ),
        (
            json!({ "action": "force_open", "reason": "two\nlines" }),
            "reason must be one line of 3 to 200 characters",
        ),
        (
            json!({ "action": "reset", "for_seconds": 5 }),
            "for_seconds is not for reset",
        ),
        (
            json!({ "action": "force_open", "for_seconds": 0 }),
            "for_seconds must be from 1 to 86400; leave it out to set a mode until it is changed",
        ),
        (
            json!({ "action": "force_open", "for_seconds": 86_401 }),
            "for_seconds must be from 1 to 86400; leave it out to set a mode until it is changed",
        ),
        (
            json!({ "action": "force_open", "max_concurrent": 5 }),
            "max_concurrent is not for force_open",
        ),
        (
            json!({ "action": "set_limit" }),
            "set_limit needs max_concurrent",
        ),
    ] {
        let answer = served.control(&of_payments(more)).await;
        assert_eq!(answer, (400, expected.to_owned()));
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"action":"reset"}"#,
        r#"{"action":"reset","component":"x","reason":"abc","x":1}"#,
    ] {
        let (status, error) = served.control(body).await;
        assert_eq!(status, 400, "{body}");
        assert!(
            error.starts_with("the body is not as it must be: ") && !error.contains('\n'),
            "{error}"
        );
    }
    let (status, error) = served.control(&" ".repeat(4097)).await;
    assert_eq!(
        (status, error.as_str()),
        (413, "the body must not be longer than 4096 bytes")
    );
    assert_eq!(payments.mode(), Mode::Automatic);
}

#[tokio::test]
async fn what_cannot_be_done_says_why() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let automatic = of_payments(json!({ "action": "automatic" }));
    let limit = of_payments(json!({ "action": "set_limit", "max_concurrent": 3 }));
    for (form, expected) in [
        (automatic, (409, "it is automatic already")),
        (limit, (400, "set_limit is not for a circuit_breaker")),
        (
            force_open("circuit_breaker/nobody/1"),
            (404, "there is no such component"),
        ),
        (force_open("nonsense"), (404, "there is no such component")),
    ] {
        let (status, text) = served.control(&form).await;
        assert_eq!((status, text.as_str()), expected, "{form}");
    }
}

#[tokio::test]
async fn only_what_is_registered_under_a_name_of_its_own_can_be_changed() {
    let (twin, unregistered) = (breaker("twin"), breaker("unregistered"));
    let served = Served::new(|it| it.controls(operators().breaker(&twin))).await;
    served.telemetry.watch(&unregistered);
    let other_twin = breaker("twin");
    served.telemetry.watch(&other_twin);
    for (component, expected) in [
        (
            "circuit_breaker/unregistered/1",
            (404, "unregistered is not registered for controls"),
        ),
        (
            "circuit_breaker/twin/1",
            (
                409,
                "more than one circuit_breaker is named twin: nobody knows which one is meant",
            ),
        ),
        (
            "circuit_breaker/twin/2",
            (
                409,
                "more than one circuit_breaker is named twin: nobody knows which one is meant",
            ),
        ),
    ] {
        let (status, text) = served.control(&force_open(component)).await;
        assert_eq!((status, text.as_str()), expected, "{component}");
    }
    assert_eq!(
        served.row("circuit_breaker/twin/1").await["actions"],
        json!([])
    );
    assert_eq!(
        (twin.mode(), other_twin.mode()),
        (Mode::Automatic, Mode::Automatic)
    );
}

#[tokio::test]
async fn an_authoriser_that_denies_or_panics_lets_nothing_through() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    for (name, expected) in [
        ("mallory", (403, "mallory may look and touch nothing")),
        ("boom", (500, "the authoriser panicked")),
    ] {
        let request = served.post(&force_open(PAYMENTS)).header("operator", name);
        let (status, error) = said(request).await;
        assert_eq!((status, error.as_str()), expected);
    }
    assert_eq!(payments.mode(), Mode::Automatic);
}

#[tokio::test]
async fn too_many_at_once_are_refused() {
    let payments = breaker("payments");
    let served = Served::new(|it| it.controls(operators().breaker(&payments))).await;
    let crowd = (0..50).map(|_| said(served.post(&force_open(PAYMENTS))));
    let answers = futures_util::future::join_all(crowd).await;
    let refused = answers.iter().filter(|(status, _)| *status == 429).count();
    assert!(answers.iter().any(|(status, _)| *status == 200));
    assert!(refused > 0, "{answers:?}");
}
