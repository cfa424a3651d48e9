//! Names that the dashboard does not answer for.

use steadfast_dashboard::Builder;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Served, operators};

/// Sends a head as it is; the status of the answer, and all of it.
async fn send(served: &Served, head: &str) -> (u16, String) {
    let address = served.origin().strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

async fn get(served: &Served, target: &str, hosts: &[&str]) -> u16 {
    let hosts: String = hosts
        .iter()
        .map(|host| format!("host: {host}\r\n"))
        .collect();
    let head = format!("GET {target} HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
    send(served, &head).await.0
}

fn listed(builder: Builder) -> Builder {
    builder.hosts(["Ops.example.com", "localhost."])
}

#[tokio::test]
async fn a_name_that_is_listed_is_taken_in_all_of_its_forms() {
    let served = Served::new(listed).await;
    for host in [
        "ops.example.com",
        "OPS.Example.Com",
        "ops.example.com:8443",
        "ops.example.com:",
        "ops.example.com.",
        "ops.example.com.:80",
        "localhost",
    ] {
        assert_eq!(get(&served, "/api/events", &[host]).await, 200, "{host}");
    }
}

#[tokio::test]
async fn any_other_name_is_refused_and_the_answer_says_which_setting_allows_it() {
    let served = Served::new(listed).await;
    for host in [
        "evil.example",
        "ops.example.com.evil.example",
        "evilops.example.com",
        "example.com",
        "ops.example.com..",
        "ops.example.com@evil.example",
        "evil.example@ops.example.com",
        "ops.example.com:http",
        "ops.example.com:80:80",
        "localhost, ops.example.com",
        "",
        ".",
        ":80",
    ] {
        assert_eq!(get(&served, "/api/events", &[host]).await, 421, "{host:?}");
    }
    let head = "GET / HTTP/1.1\r\nhost: evil.example:80\r\nconnection: close\r\n\r\n";
    let (_, answer) = send(&served, head).await;
    assert!(
        answer.ends_with(
            r#"{"error":"this dashboard does not answer for the host evil.example: `Builder::hosts` allows it"}"#
        ),
        "{answer}"
    );
    assert!(answer.contains("content-security-policy: "), "{answer}");
}

/// A page whose origin is an address came from that address: nobody's name was pointed at it.
#[tokio::test]
async fn addresses_are_taken_and_what_only_looks_like_one_is_not() {
    let served = Served::new(listed).await;
    for (host, status) in [
        ("127.0.0.1", 200),
        ("10.1.2.3:4000", 200),
        ("[::1]", 200),
        ("[::1]:4000", 200),
        ("[::ffff:127.0.0.1]", 200),
        ("::1", 421),
        ("[::1", 421),
        ("[::1]4000", 421),
        ("[::1].evil.example", 421),
        ("[fe80::1%25eth0]", 421),
        ("[127.0.0.1]", 421),
        ("127.1", 421),
        ("2130706433", 421),
        ("127.0.0.1.evil.example", 421),
    ] {
        assert_eq!(get(&served, "/api/events", &[host]).await, status, "{host}");
    }
}

/// Only a program asks like this; and a program can name whatever host it likes.
#[tokio::test]
async fn who_names_no_host_is_no_browser_and_is_answered() {
    let served = Served::new(listed).await;
    let (status, _) = send(&served, "GET /api/events HTTP/1.0\r\n\r\n").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn every_host_that_a_request_names_must_be_listed() {
    let served = Served::new(listed).await;
    let (good, bad) = ("ops.example.com", "evil.example");
    assert_eq!(get(&served, "/api/events", &[good, good]).await, 200);
    assert_eq!(get(&served, "/api/events", &[good, bad]).await, 421);
    assert_eq!(get(&served, "/api/events", &[bad, good]).await, 421);
    // The absolute form, which is what `:authority` becomes as well.
    for (authority, host, status) in [
        ("ops.example.com", good, 200),
        ("OPS.example.com.:80", good, 200),
        ("ops.example.com", bad, 421),
        ("evil.example", good, 421),
        ("evil.example:80", bad, 421),
        ("evil.example@ops.example.com", good, 421),
    ] {
        let target = format!("http://{authority}/api/events");
        let got = get(&served, &target, &[host]).await;
        assert_eq!(got, status, "{authority} {host}");
    }
    let head = "GET http://evil.example/api/events HTTP/1.0\r\n\r\n";
    assert_eq!(send(&served, head).await.0, 421);
}

#[tokio::test]
async fn nothing_is_told_under_another_name_wherever_it_is_mounted() {
    let build = |it| listed(it).controls(operators());
    let alone = Served::new(build).await;
    let nested = Served::mounted(Default::default(), build, "/a", |dashboard| {
        axum::Router::new().nest_service("/a", dashboard.router::<()>())
    })
    .await;
    let paths = [
        "",
        "nowhere",
        "assets/x",
        "api/snapshot",
        "api/stream",
        "api/control",
        "api/components/x",
        "metrics",
        "health/live",
    ];
    for (served, mount) in [(&alone, ""), (&nested, "/a")] {
        for path in paths {
            for method in ["GET", "POST", "OPTIONS"] {
                let head = format!(
                    "{method} {mount}/{path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n"
                );
                assert_eq!(send(served, &head).await.0, 421, "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_beside_it_can_have_the_same_check() {
    let served = Served::mounted(Default::default(), listed, "", |dashboard| {
        let beside = axum::Router::new().route("/sign-in", axum::routing::get(|| async { "who?" }));
        dashboard
            .only_for_hosts(beside)
            .merge(dashboard.router::<()>())
    })
    .await;
    for (host, status) in [("localhost:80", 200), ("evil.example", 421)] {
        for path in ["/sign-in", "/api/events"] {
            assert_eq!(get(&served, path, &[host]).await, status, "{host} {path}");
        }
    }
}

#[tokio::test]
async fn unless_hosts_are_listed_all_are_answered_and_with_none_listed_addresses_are() {
    let any = Served::new(|it| it).await;
    assert_eq!(get(&any, "/api/events", &["evil.example"]).await, 200);
    let none = Served::new(|it| it.hosts([""; 0])).await;
    assert_eq!(get(&none, "/api/events", &["localhost"]).await, 421);
    assert_eq!(get(&none, "/api/events", &["127.0.0.1:4000"]).await, 200);
}
