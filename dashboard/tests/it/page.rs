//! The page and its assets.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use steadfast_health::Monitor;
use steadfast_telemetry::Telemetry;

use crate::support::{Served, breaker};

/// What stands between these in a text.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{before} in {text}"));
    rest.split_once(after).unwrap().0
}

fn at(mount: &'static str) -> impl FnOnce(&steadfast_dashboard::Dashboard) -> Router {
    move |dashboard| Router::new().nest_service(mount, dashboard.router::<()>())
}

#[tokio::test]
async fn the_page_finds_its_assets_wherever_it_is_mounted() {
    let alone = Served::new(|it| it).await;
    let nested = Served::mounted(Telemetry::new(), |it| it, "/resilience", at("/resilience")).await;
    let deep = Served::mounted(Telemetry::new(), |it| it, "/a/b", at("/a/b")).await;
    for (served, pages) in [
        (&alone, &["/"][..]),
        (&nested, &["/resilience", "/resilience/"]),
        (&deep, &["/a/b", "/a/b/"]),
    ] {
        for page in pages {
            let page = format!("{}{page}", served.origin());
            let response = served.client.get(&page).send().await.unwrap();
            assert_eq!(response.status(), 200, "{page}");
            let text = response.text().await.unwrap();
            let base = between(&text, "<base href=\"", "\"");
            let base = reqwest::Url::parse(&page).unwrap().join(base).unwrap();
            for asset in [
                between(&text, "href=\"assets/", "\""),
                between(&text, "src=\"assets/", "\""),
            ] {
                let url = base.join("assets/").unwrap().join(asset).unwrap();
                let response = served.client.get(url.clone()).send().await.unwrap();
                assert_eq!(response.status(), 200, "{url}");
            }
            let api = base.join("api/snapshot").unwrap();
            assert_eq!(served.client.get(api).send().await.unwrap().status(), 200);
        }
    }
}

/// Where the page is, by how it is mounted: with `nest`, axum has either no path with a slash at its end or no other.
#[tokio::test]
async fn every_way_to_mount_it_is_there_where_it_is_said_to_be() {
    type Mount = fn(&steadfast_dashboard::Dashboard) -> Router;
    let mounts: [(&str, Mount, u16, u16); 5] = [
        (
            "nest_service",
            |it| Router::new().nest_service("/ops/resilience", it.router::<()>()),
            200,
            200,
        ),
        (
            "nest_service, with a slash",
            |it| Router::new().nest_service("/ops/resilience/", it.router::<()>()),
            404,
            200,
        ),
        (
            "nest",
            |it| Router::new().nest("/ops/resilience", it.router()),
            200,
            404,
        ),
        (
            "nest, with a slash",
            |it| Router::new().nest("/ops/resilience/", it.router()),
            404,
            200,
        ),
        (
            "nest_service in nest",
            |it| {
                let inner = Router::new().nest_service("/resilience", it.router::<()>());
                Router::new().nest("/ops", inner)
            },
            200,
            200,
        ),
    ];
    for (how, mount, without, with) in mounts {
        let served = Served::mounted(Telemetry::new(), |it| it, "/ops/resilience", mount).await;
        for (slash, status, base) in [("", without, "./resilience/"), ("/", with, "./")] {
            let page = format!("{}/ops/resilience{slash}", served.origin());
            let response = served.client.get(page).send().await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{how}{slash}");
            if status == 200 {
                let text = response.text().await.unwrap();
                assert_eq!(between(&text, "<base href=\"", "\""), base, "{how}{slash}");
            }
        }
        let page = if with == 200 { "" } else { "../resilience" };
        let text = served.get(page).await.text().await.unwrap();
        let asset = format!("assets/{}", between(&text, "src=\"assets/", "\""));
        for (path, status) in [
            (asset.as_str(), 200),
            ("api/snapshot", 200),
            ("metrics", 200),
            ("health", 404),
            ("api/components/none", 404),
        ] {
            let response = served.get(path).await;
            assert_eq!(response.status().as_u16(), status, "{how}: {path}");
        }
    }
}

/// A path with parameters of its own: those of the dashboard are not taken for them.
#[tokio::test]
async fn below_a_path_with_parameters_names_are_found() {
    for (mount, at) in [
        ("/{tenant}/resilience", "/acme/resilience"),
        ("/{name}/resilience", "/acme/resilience"),
        ("/{file}/{tenant}", "/acme/north"),
        ("/{probe}", "/acme"),
    ] {
        for is_service in [true, false] {
            let served = Served::mounted(
                Telemetry::new(),
                |it| it.health(&Monitor::builder("orders").build().unwrap()),
                at,
                |dashboard| {
                    let pages = dashboard.router::<()>();
                    if is_service {
                        Router::new().nest_service(mount, pages)
                    } else {
                        Router::new().nest(mount, pages)
                    }
                },
            )
            .await;
            let odd = breaker("a/b %c");
            served.telemetry.watch(&odd);
            let found = served.json("api/components/a%2Fb%20%25c").await;
            assert_eq!(found["components"][0]["name"], "a/b %c", "{mount}");
            let bad = served.get("api/components/%FF").await;
            assert_eq!(bad.status(), 400, "{mount}");
            let page = format!("{}{at}", served.origin());
            let text = served.client.get(page).send().await.unwrap().text().await;
            let asset = between(&text.unwrap(), "src=\"assets/", "\"").to_owned();
            let asset = served.get(&format!("assets/{asset}")).await;
            assert_eq!(asset.status(), 200, "{mount}");
            assert_eq!(served.get("assets/%FF").await.status(), 404, "{mount}");
            assert_eq!(served.get("health/live").await.status(), 200, "{mount}");
        }
    }
}

#[tokio::test]
async fn assets_are_kept_for_good_and_the_page_is_asked_for_again() {
    let served = Served::new(|it| it).await;
    let response = served.get("").await;
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let tag = response.headers()["etag"].clone();
    let text = response.text().await.unwrap();
    let asset = format!("assets/{}", between(&text, "src=\"assets/", "\""));
    let response = served.get(&asset).await;
    let caching = &response.headers()["cache-control"];
    assert_eq!(caching, "public, max-age=31536000, immutable");
    let asset_tag = response.headers()["etag"].clone();

    for (path, tag) in [("", tag), (&asset, asset_tag)] {
        let request = served
            .client
            .get(served.url(path))
            .header("if-none-match", tag);
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 304, "{path}");
        assert_eq!(response.bytes().await.unwrap().len(), 0);
    }
    assert_eq!(
        served.get("assets/app.0000000000000000.js").await.status(),
        404
    );
    assert_eq!(served.get("assets/..%2fCargo.toml").await.status(), 404);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let served = Served::new(|it| it).await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
        img-src 'self' data:; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";
    for path in [
        "",
        "api/snapshot",
        "api/stream",
        "metrics",
        "health",
        "api/control",
        "nowhere",
    ] {
        let response = served.get(path).await;
        let header = |name: &str| response.headers().get(name).map(|it| it.to_str().unwrap());
        assert_eq!(header("content-security-policy"), Some(policy), "{path}");
        assert_eq!(header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[tokio::test]
async fn names_with_markup_are_in_json_only() {
    let name = "<img src=x onerror=alert(1)></script>";
    let served = Served::new(|it| it.service(name)).await;
    let odd = breaker(name);
    served.telemetry.watch(&odd);
    assert_eq!(
        served.row(&format!("circuit_breaker/{name}/1")).await["name"],
        name
    );
    let page = served.get("").await.text().await.unwrap();
    assert!(!page.contains("onerror"));
    for path in ["api/snapshot", "api/events", "api/history"] {
        let response = served.get(path).await;
        assert_eq!(
            response.headers()["content-type"],
            "application/json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_layer_that_signs_people_in_is_in_front_of_everything() {
    async fn nobody(_: Request, _: Next) -> Response {
        StatusCode::UNAUTHORIZED.into_response()
    }
    let served = Served::mounted(
        Telemetry::new(),
        |it| it,
        "/resilience",
        |dashboard| {
            let pages = dashboard.router::<()>().layer(from_fn(nobody));
            Router::new().nest_service("/resilience", pages)
        },
    )
    .await;
    for path in [
        "",
        "api/snapshot",
        "api/stream",
        "api/events",
        "metrics",
        "health",
        "assets/x",
    ] {
        assert_eq!(served.get(path).await.status(), 401, "{path}");
    }
    assert_eq!(served.post("{}").send().await.unwrap().status(), 401);
}
