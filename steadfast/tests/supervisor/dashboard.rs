//! The dashboard that the supervisor serves.

use std::net::TcpListener;
use std::time::Duration;

use http::StatusCode;
use reqwest::Client;
use steadfast::supervisor::Supervisor;

use super::support::{LONG, alive, config, only, started};

const SHOWN: &str = "[dashboard]\nenabled = true\nlisten = '127.0.0.1:0'\n";

fn url(supervisor: &Supervisor, path: &str) -> String {
    format!("http://{}{path}", supervisor.dashboard_addr().unwrap())
}

/// A client that keeps no connection.
fn client() -> Client {
    let builder = Client::builder().pool_max_idle_per_host(0).timeout(LONG);
    let redirect = reqwest::redirect::Policy::none();
    builder.redirect(redirect).build().unwrap()
}

#[tokio::test]
async fn the_page_is_served_under_its_path_with_metrics_and_health() {
    let supervisor = started(SHOWN).await;
    let http = client();
    let get = async |path| http.get(url(&supervisor, path)).send().await.unwrap();
    assert_eq!(get("/resilience").await.status(), StatusCode::OK);
    assert_eq!(get("/resilience/").await.status(), StatusCode::OK);
    let metrics = get("/resilience/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("resilience_supervisor_reloads_total"),
        "{metrics}"
    );
    assert_eq!(
        get("/resilience/health/live").await.status(),
        StatusCode::OK
    );
    let snapshot = get("/resilience/api/snapshot").await.text().await.unwrap();
    assert!(snapshot.contains("llm_requests"));
    // No token: no controls, and nowhere to sign in.
    assert_eq!(
        get("/resilience/sign-in").await.status(),
        StatusCode::NOT_FOUND
    );
    let control = http.post(url(&supervisor, "/resilience/api/control"));
    assert_eq!(
        control.send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
}

/// A page of somebody else's, whose own name was pointed here, gets nothing.
#[tokio::test]
async fn it_answers_under_the_listed_names_alone() {
    let hosts = "hosts = ['ops.example']\ncontrols_token = 'open sesame'\n";
    let supervisor = started(&format!("{SHOWN}{hosts}")).await;
    let http = client();
    let get = async |path, host| {
        let asking = http.get(url(&supervisor, path)).header("host", host);
        asking.send().await.unwrap().status()
    };
    let (page, sign_in) = ("/resilience/api/snapshot", "/resilience/sign-in");
    for (host, [shown, asked]) in [
        (
            "ops.example:4000",
            [StatusCode::OK, StatusCode::UNAUTHORIZED],
        ),
        ("127.0.0.1", [StatusCode::OK, StatusCode::UNAUTHORIZED]),
        ("evil.example", [StatusCode::MISDIRECTED_REQUEST; 2]),
    ] {
        assert_eq!(get(page, host).await, shown, "{host}");
        // Or that page could try tokens here, through the browser of whoever has it open.
        assert_eq!(get(sign_in, host).await, asked, "{host}");
    }
}

#[tokio::test]
async fn the_event_log_tells_of_reloads_switches_and_tasks() {
    let supervisor = started(SHOWN).await;
    let http = client();
    // The log listens from the first look on.
    let events = async || {
        let sent = http.get(url(&supervisor, "/resilience/api/events")).send();
        sent.await.unwrap().text().await.unwrap()
    };
    events().await;
    let text = format!("retry_enabled = false\n{SHOWN}");
    supervisor.apply(config(&text)).await.unwrap();
    let panics = |_| async { panic!("out of paper") };
    supervisor.tasks().spawn("reports", panics).unwrap();
    let mut told = String::new();
    for _ in 0..1_000 {
        told = events().await;
        if told.contains("out of paper") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for text in [
        "applied: retry_enabled: true -> false",
        "switched off by configuration",
        "panicked: out of paper",
        "\"kind\":\"reload\"",
        "\"kind\":\"switch\"",
        "\"kind\":\"task\"",
    ] {
        assert!(told.contains(text), "{text}: {told}");
    }
}

#[tokio::test]
async fn who_shows_the_token_may_operate_and_nobody_else() {
    let supervisor = started(&format!("{SHOWN}controls_token = 'open sesame'")).await;
    let http = client();
    let sign_in = url(&supervisor, "/resilience/sign-in");
    let asked = http.get(&sign_in).send().await.unwrap();
    assert_eq!(asked.status(), StatusCode::UNAUTHORIZED);
    assert!(asked.headers().contains_key("www-authenticate"));
    let signed = http.get(&sign_in).basic_auth("alice", Some("open sesame"));
    let signed = signed.send().await.unwrap();
    assert_eq!(signed.headers()["location"], "/resilience/");

    let body =
        r#"{"action":"force_open","component":"circuit_breaker/llm_requests/1","reason":"drill"}"#;
    let post = |token: &str| {
        http.post(url(&supervisor, "/resilience/api/control"))
            .basic_auth("alice", Some(token))
            .header("x-resilience-csrf", "1")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    let denied = post("guess").await.unwrap();
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
    // The page shows it as it is.
    let told = denied.text().await.unwrap();
    assert!(
        told.contains("open ./sign-in, relative to this page"),
        "{told}"
    );
    let breaker = supervisor.breaker("llm_requests").unwrap();
    assert_eq!(breaker.mode(), steadfast::breaker::Mode::Automatic);
    assert_eq!(post("open sesame").await.unwrap().status(), StatusCode::OK);
    assert_eq!(breaker.mode(), steadfast::breaker::Mode::ForcedOpen);
}

#[tokio::test]
async fn what_a_reload_adds_has_controls_and_what_it_removes_has_none() {
    let shown = format!("{SHOWN}controls_token = 'open sesame'\n");
    let supervisor = started(&shown).await;
    let http = client();
    let post = async |body: serde_json::Value| {
        let request = http.post(url(&supervisor, "/resilience/api/control"));
        let request = request.bearer_auth("open sesame");
        let request = request.header("x-resilience-csrf", "1");
        let request = request.header("sec-fetch-site", "same-origin");
        let request = request.header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let open = |name: &str| serde_json::json!({ "action": "force_open", "component": format!("circuit_breaker/{name}/1"), "reason": "drill" });
    let limit = serde_json::json!({ "action": "set_limit", "component": "bulkhead/stock/1", "reason": "drill", "max_concurrent": 3 });
    let text = format!(
        "{shown}[circuit_breakers.stock]\n[bulkheads.stock]\n[http_clients.api]\nmax_attempts = 1"
    );
    supervisor.apply(config(&text)).await.unwrap();
    let breaker = supervisor.breaker("stock").unwrap();
    let bulkhead = supervisor.bulkhead("stock").unwrap();
    let api = supervisor.http_client("api").unwrap();
    // Nobody listens there, but the host is known from then on.
    let asked = api.get("http://127.0.0.1:1/").send();
    asked.await.unwrap_err();
    // Five changes a second are done, and these are five.
    assert_eq!(post(open("stock")).await.0, StatusCode::OK);
    assert_eq!(breaker.mode(), steadfast::breaker::Mode::ForcedOpen);
    assert_eq!(post(limit).await.0, StatusCode::OK);
    assert_eq!(bulkhead.config().max_concurrent, 3);
    let host = open("api/127.0.0.1:1");
    assert_eq!(post(host.clone()).await.0, StatusCode::OK);
    let host_breaker = api.breaker("127.0.0.1:1").unwrap();
    assert_eq!(host_breaker.mode(), steadfast::breaker::Mode::ForcedOpen);

    supervisor.apply(config(&shown)).await.unwrap();
    for (form, name) in [(open("stock"), "stock"), (host, "api/127.0.0.1:1")] {
        let (status, text) = post(form).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let told = format!("{name} is not registered for controls");
        assert!(text.contains(&told), "{text}");
    }
}

#[tokio::test]
async fn an_address_in_use_fails_the_start_and_leaves_no_task() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let before = alive();
    let broker = match cfg!(feature = "amqp") {
        true => "[amqp]\nuri = 'amqp://127.0.0.1:1'\n",
        false => "",
    };
    let named = "[http_clients.api]\n[bulkheads.stock]\n[circuit_breakers.stock]\n";
    for more in ["", named, broker] {
        let text = format!("[dashboard]\nenabled = true\nlisten = '{address}'\n{more}");
        let error = Supervisor::start(config(&text)).await.unwrap_err();
        let told = error.to_string();
        let begin = format!("cannot start: dashboard.listen: cannot listen on {address}: ");
        assert!(told.starts_with(&begin), "{told}");
        only(before).await;
    }
}

#[tokio::test]
async fn a_path_that_no_route_can_be_is_told() {
    let mut config = config(SHOWN);
    config.dashboard.path = "/{all}".to_owned();
    let error = Supervisor::start(config).await.unwrap_err();
    assert_eq!(error.problems()[0].part, "dashboard.path");
}

#[tokio::test]
async fn live_pages_end_at_a_shutdown_and_nothing_is_left() {
    let before = alive();
    let supervisor = started(SHOWN).await;
    let http = client();
    let stream = http.get(url(&supervisor, "/resilience/api/stream"));
    let mut stream = stream.send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    let report = supervisor.shutdown().await;
    assert!(report.is_clean(), "{report}");
    assert!(report.took < Duration::from_secs(5), "{report}");
    while let Ok(Some(_)) = stream.chunk().await {}
    let refused = http.get(url(&supervisor, "/resilience")).send().await;
    refused.unwrap_err();
    drop((supervisor, http, stream));
    only(before).await;
}

#[tokio::test]
async fn a_supervisor_that_is_dropped_leaves_no_connection() {
    let before = alive();
    let supervisor = started(SHOWN).await;
    let http = client();
    let stream = http.get(url(&supervisor, "/resilience/api/stream"));
    let mut stream = stream.send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    drop(supervisor);
    while let Ok(Some(_)) = stream.chunk().await {}
    drop((http, stream));
    only(before).await;
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_or_half_a_request_do_not_hold_up_the_end() {
    use tokio::io::AsyncWriteExt as _;
    let before = alive();
    let supervisor = started(&format!("[shutdown]\ngrace = '2s'\n{SHOWN}")).await;
    let addr = supervisor.dashboard_addr().unwrap();
    let mut open = Vec::new();
    let begun = [
        "",
        "GET /resi",
        "POST /resilience/api/control HTTP/1.1\r\ncontent-length: 9\r\n\r\n",
    ];
    // More than are taken at a time: the last ones wait to be accepted.
    for number in 0..1_030 {
        let mut stream = tokio::net::TcpStream::connect(addr).await.unwrap();
        let text = begun[number % begun.len()];
        stream.write_all(text.as_bytes()).await.unwrap();
        open.push(stream);
    }
    let report = supervisor.shutdown().await;
    assert!(report.took <= Duration::from_secs(4), "{report}");
    let cut = report.unfinished().find(|(step, _)| *step != "intake");
    assert_eq!(cut, None, "{report}");
    drop(supervisor);
    // All were accepted and cut, or never accepted: nobody serves them.
    only(before).await;
    drop(open);
}
