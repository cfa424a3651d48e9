use super::*;

fn redirect(status: u16, location: &str) -> Response {
    let response = http::Response::builder()
        .status(status)
        .header(LOCATION, location);
    Response::from(response.body("").unwrap())
}

fn request(method: Method) -> Request {
    let mut request = Request::new(method, Url::parse("https://a.example/x?key=1").unwrap());
    *request.body_mut() = Some("2 chairs".into());
    let headers = request.headers_mut();
    for (name, value) in [
        ("content-type", "text/plain"),
        ("authorization", "Bearer hunter2"),
        ("cookie", "id=hunter2"),
        ("cookie2", "hunter2"),
        ("proxy-authorization", "hunter2"),
        ("www-authenticate", "hunter2"),
        ("host", "front.example"),
        ("x-tenant", "7"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    request
}

fn next(request: &Request, status: u16, location: &str) -> Option<Request> {
    let hop = Hop::of(request, false);
    let next = hop.next(&redirect(status, location), true)?;
    assert_eq!(next.without_body, next.request.body().is_none());
    Some(next.request)
}

#[test]
fn methods_and_bodies_change_as_the_standard_has_it() {
    use Method as M;
    for (status, method, expected, keeps_body) in [
        (301, M::POST, M::GET, false),
        (302, M::POST, M::GET, false),
        (301, M::PUT, M::PUT, true),
        (302, M::DELETE, M::DELETE, true),
        (303, M::PUT, M::GET, false),
        (303, M::HEAD, M::HEAD, false),
        (307, M::POST, M::POST, true),
        (308, M::PATCH, M::PATCH, true),
    ] {
        let next = next(&request(method.clone()), status, "/y").unwrap();
        assert_eq!(next.method(), expected, "{method} {status}");
        assert_eq!(next.url().as_str(), "https://a.example/y");
        let body = next.body().and_then(Body::as_bytes);
        assert_eq!(body, keeps_body.then_some(&b"2 chairs"[..]), "{status}");
        let has_type = next.headers().contains_key(CONTENT_TYPE);
        assert_eq!(has_type, keeps_body, "{method} {status}");
        assert_eq!(next.headers()["x-tenant"], "7");
    }
}

#[test]
fn what_leads_nowhere_is_no_redirect() {
    for status in [200, 300, 304, 305, 306, 404] {
        assert!(next(&request(Method::GET), status, "/y").is_none());
    }
    assert!(next(&request(Method::GET), 307, "http://[").is_none());
    let without = http::Response::builder().status(302).body("").unwrap();
    let hop = Hop::of(&request(Method::GET), false);
    assert!(hop.next(&Response::from(without), true).is_none());
}

#[test]
fn the_same_origin_keeps_what_is_secret_and_no_other_gets_it() {
    for same in ["/y", "https://a.example:443/y", "//a.example/y", "?page=2"] {
        let next = next(&request(Method::GET), 307, same).unwrap();
        assert_eq!(next.headers()[AUTHORIZATION], "Bearer hunter2", "{same}");
        assert_eq!(next.headers()[HOST], "front.example");
        assert_eq!(next.headers()[REFERER], "https://a.example/x?key=1");
    }
    for other in [
        "http://a.example/y",
        "http://a.example:443/y",
        "https://b.example/y",
        "https://a.example:8443/y",
        "https://a.example.evil/y",
    ] {
        let next = next(&request(Method::GET), 307, other).unwrap();
        for name in SECRETS.into_iter().chain([HOST]) {
            assert!(!next.headers().contains_key(&name), "{name} to {other}");
        }
        assert_eq!(next.headers()["x-tenant"], "7");
        let referer = next.headers().get(REFERER);
        match other.starts_with("https") {
            true => assert_eq!(referer.unwrap(), "https://a.example/"),
            false => assert_eq!(referer, None),
        }
    }
}

#[test]
fn a_referer_has_no_credentials_and_may_be_declined() {
    let from = Url::parse("http://me:hunter2@a.example/x#part").unwrap();
    let redirect = redirect(302, "/y");
    let hop = Hop::of(&Request::new(Method::GET, from), false);
    let next = hop.next(&redirect, true).unwrap().request;
    assert_eq!(next.headers()[REFERER], "http://a.example/x");
    let hop = Hop::of(&request(Method::GET), false);
    let next = hop.next(&redirect, false).unwrap().request;
    assert!(!next.headers().contains_key(REFERER));
}

#[test]
fn the_referer_of_an_earlier_hop_does_not_go_on() {
    let request = |url: &str| Request::new(Method::GET, Url::parse(url).unwrap());
    let first = request("https://bank.example/account?token=hunter2");
    let hop = Hop::of(&first, false);
    let second = hop.next(&redirect(307, "/statement"), true).unwrap();
    let hop = Hop::of(&second.request, false);
    assert!(second.request.headers().contains_key(REFERER));
    let third = hop.next(&redirect(307, "http://evil.example/"), true);
    assert_eq!(third.unwrap().request.headers().get(REFERER), None);
}
