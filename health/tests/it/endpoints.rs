//! Answers to probes over HTTP: as a function, and behind a real server on a real socket.

use axum::Router;
use axum::extract::Request as AxumRequest;
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;
use steadfast_health::{Check, Details, Endpoints, Monitor, Outcome, Probe, Report, Status};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{self, steady};

/// Alive, not ready, still coming up, and with something to hide.
async fn troubled() -> Monitor {
    let monitor = steady();
    let db = Check::new("db", || async { Outcome::unhealthy("10.0.0.7 refused") });
    monitor.register(db).unwrap();
    let loops = support::Probe::new().check("loop").liveness(true);
    monitor.register(loops).unwrap();
    monitor.check_now().await;
    monitor
}

fn ask(endpoints: &Endpoints, method: Method, uri: &str) -> Response<String> {
    let request = Request::builder().method(method).uri(uri).body(()).unwrap();
    endpoints.respond(&request)
}

fn get(endpoints: &Endpoints, uri: &str) -> Response<String> {
    ask(endpoints, Method::GET, uri)
}

fn header<'a, B>(response: &'a Response<B>, name: &str) -> Option<&'a str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn each_path_answers_its_probe() {
    let endpoints = Endpoints::new(&troubled().await);
    for (path, status, word) in [
        ("/livez", 200, "pass"),
        ("/readyz", 503, "fail"),
        ("/healthz", 503, "fail"),
        ("/startupz", 503, "fail"),
        ("/readyz?anything=else", 503, "fail"),
        ("http://orders.example/livez", 200, "pass"),
    ] {
        let response = get(&endpoints, path);
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(
            *response.body(),
            format!("{{\"status\":\"{word}\"}}"),
            "{path}"
        );
        assert_eq!(
            header(&response, "content-type"),
            Some("application/health+json")
        );
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_of_now_and_runs_no_check() {
    let monitor = steady();
    let probe = support::Probe::new();
    monitor.register(probe.check("db")).unwrap();
    let endpoints = Endpoints::new(&monitor);
    assert_eq!(get(&endpoints, "/readyz").status(), 503);
    assert_eq!(probe.begun(), 0);
    for (answer, status, word) in [
        (Status::Healthy, 200, "pass"),
        (Status::Degraded, 200, "warn"),
        (Status::Unhealthy, 503, "fail"),
    ] {
        probe.answer(answer);
        monitor.check_now().await;
        let response = get(&endpoints, "/readyz");
        assert_eq!(response.status(), status);
        assert!(response.body().contains(word));
    }
    assert_eq!(get(&endpoints, "/startupz").status(), 200);
    assert_eq!(probe.begun(), 3);
}

#[tokio::test(start_paused = true)]
async fn head_is_get_without_the_body() {
    let endpoints = Endpoints::new(&troubled().await).details(Details::Always);
    for path in ["/livez", "/readyz"] {
        let (got, head) = (get(&endpoints, path), ask(&endpoints, Method::HEAD, path));
        assert_eq!(head.status(), got.status());
        assert_eq!(head.body(), "");
        assert_eq!(head.headers(), got.headers());
        let length = got.body().len().to_string();
        assert_eq!(header(&head, "content-length"), Some(&*length));
    }
}

#[tokio::test(start_paused = true)]
async fn other_methods_are_told_what_is_allowed_and_other_paths_are_not_there() {
    let endpoints = Endpoints::new(&troubled().await);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let response = ask(&endpoints, method, "/livez");
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header(&response, "allow"), Some("GET, HEAD"));
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
    }
    for path in ["/", "/livez/", "/LIVEZ", "/live", "/x/livez", "*"] {
        let response = get(&endpoints, path);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "cache-control"), Some("no-store"));
        assert_eq!(response.body(), "");
    }
    assert_eq!(ask(&endpoints, Method::POST, "/live").status(), 404);
}

#[tokio::test(start_paused = true)]
async fn strangers_see_a_status_and_no_details_unless_it_is_said_so() {
    let monitor = troubled().await;
    for (details, uri, told) in [
        (Details::Never, "/readyz", false),
        (Details::Never, "/readyz?verbose", false),
        (Details::OnRequest, "/readyz", false),
        (Details::OnRequest, "/readyz?verbosely", false),
        (Details::OnRequest, "/readyz?verbose", true),
        (Details::OnRequest, "/readyz?a=b&verbose=1", true),
        (Details::Always, "/readyz", true),
    ] {
        let endpoints = Endpoints::new(&monitor).details(details);
        let response = get(&endpoints, uri);
        let document: Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(document["status"], "fail");
        assert_eq!(
            response.body().contains("10.0.0.7"),
            told,
            "{details:?} {uri}"
        );
        assert_eq!(document.get("checks").is_some(), told, "{details:?} {uri}");
    }
    assert_eq!(Details::default(), Details::Never);
}

#[tokio::test(start_paused = true)]
async fn paths_can_be_others() {
    let endpoints = Endpoints::new(&troubled().await).paths([
        ("/health/live", Probe::Liveness),
        ("/health/ready", Probe::Readiness),
    ]);
    assert_eq!(get(&endpoints, "/health/live").status(), 200);
    assert_eq!(get(&endpoints, "/health/ready").status(), 503);
    assert_eq!(get(&endpoints, "/livez").status(), 404);
}

#[test]
fn the_readme_tells_the_paths() {
    let debug = format!("{:?}", Endpoints::new(&steady()));
    for row in [
        "| `/livez` | liveness |",
        "| `/readyz`, `/healthz` | readiness |",
        "| `/startupz` | startup |",
    ] {
        assert!(include_str!("../../README.md").contains(row), "{row}");
    }
    assert_eq!(debug.matches("(\"/").count(), 4, "{debug}");
}

/// What a server on a socket of 127.0.0.1 answers to a request of bare bytes.
async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn behind_a_real_server_it_says_the_same() {
    let endpoints = Endpoints::new(&troubled().await).details(Details::OnRequest);
    let health = move |request: AxumRequest| async move { endpoints.respond(&request) };
    let app = Router::new().nest("/internal", Router::new().fallback(health));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    let request =
        |line: &str| format!("{line} HTTP/1.1\r\nhost: orders\r\nconnection: close\r\n\r\n");
    let ready = exchange(address, &request("GET /internal/readyz?verbose")).await;
    let (head, body) = ready.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(
        head.contains("\r\ncontent-type: application/health+json"),
        "{head}"
    );
    let document: Value = serde_json::from_str(body).unwrap();
    assert_eq!(document["output"], "db is unhealthy: 10.0.0.7 refused");

    let head = exchange(address, &request("HEAD /internal/readyz?verbose")).await;
    assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
    assert!(
        head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())),
        "{head}"
    );

    let alive = exchange(address, &request("GET /internal/livez")).await;
    assert!(alive.starts_with("HTTP/1.1 200 "), "{alive}");
    assert!(alive.ends_with("\r\n\r\n{\"status\":\"pass\"}"), "{alive}");
    let refused = exchange(address, &request("POST /internal/livez")).await;
    assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
    assert!(refused.contains("\r\nallow: GET, HEAD"), "{refused}");
    assert_eq!(Report::CONTENT_TYPE, "application/health+json");
    server.abort();
}
