//! All clients of a program.

use steadfast_http::{Clients, ClientsConfig, ResponseExt};
use steadfast_testkit::{HttpUpstream, Reply};

use super::{clients, read, told};

#[test]
fn more_headers_than_there_can_be_with_those_of_the_defaults_are_told() {
    let with = |names: std::ops::Range<u32>| {
        let mut headers = http::HeaderMap::new();
        for i in names {
            let name: http::HeaderName = format!("x-{i}").parse().unwrap();
            headers.insert(name, http::HeaderValue::from_static("1"));
        }
        let mut config = steadfast_http::HttpClientConfig::default();
        config.default_headers = Some(headers);
        config
    };
    let config = ClientsConfig::new().defaults(with(0..15_000));
    let config = config.client("good", with(0..15_000));
    let error = Clients::from_config(config.client("bad", with(15_000..30_000))).unwrap_err();
    let rule = "must not be more, with those of the defaults, than there can be";
    assert!(
        error
            .to_string()
            .ends_with(&format!("bad.default_headers = .. ({rule})")),
        "{error}"
    );
}

#[test]
fn the_sample_file_is_two_clients() {
    let clients = clients(include_str!("../../../docs/clients.toml")).unwrap();
    let names: Vec<_> = clients.names().collect();
    assert_eq!(names, ["external_api_client", "hermes_client"]);
    let own: Vec<_> = clients.iter().map(|client| client.name()).collect();
    assert_eq!(own, names);
    let hermes = clients.get("hermes_client").unwrap();
    let request = hermes.get("users/7").build().unwrap();
    assert_eq!(
        request.url().as_str(),
        "http://hermes.internal:8080/v1/users/7"
    );
    assert!(clients.get("defaults").is_none());
}

#[test]
fn the_readme_has_the_sample_file() {
    let sample = include_str!("../../../docs/clients.toml");
    assert!(include_str!("../../../README.md").contains(sample));
}

#[tokio::test]
async fn a_client_inherits_the_defaults_it_does_not_change_and_headers_one_by_one() {
    let upstream = HttpUpstream::start().await;
    upstream.respond_with(|_, _| Reply::status(503));
    let clients = clients(&format!(
        "[defaults]
         base_url = '{}'
         max_attempts = 2
         base_backoff = 0
         default_headers = {{ x-tenant = 'acme', x-team = 'blue' }}
         [plain]
         [own]
         max_attempts = 1
         default_headers = {{ X-Team = 'red' }}",
        upstream.url("/")
    ));
    let clients = clients.unwrap();
    for (name, attempts, team) in [("plain", 2, "blue"), ("own", 1, "red")] {
        let response = clients.get(name).unwrap().get(name).send().await.unwrap();
        assert_eq!(response.attempts(), attempts, "{name}");
        let request = upstream.requests().pop().unwrap();
        assert_eq!(request.path, format!("/{name}"));
        assert_eq!(request.header("x-tenant"), Some("acme"));
        assert_eq!(request.header("x-team"), Some(team));
    }
}

#[test]
fn a_breaker_of_its_own_takes_the_place_of_what_the_defaults_say_of_breakers() {
    let of_defaults = "max_attempts = 9\nopen_for = '7s'\nbreaker = { ramp_up = '1s' }";
    let own = "open_for = '5s'\nbreaker = { open_for_jitter = 0.5, open_for = '3s', max_open_for = '6s' }";
    let config = ClientsConfig::new()
        .defaults(read(of_defaults))
        .client("own", read(own));
    assert!(Clients::from_config(config).is_ok());
    let config = ClientsConfig::new()
        .defaults(read(of_defaults))
        .client("own", read(&own.replace("open_for = '5s'\n", "")));
    assert!(
        Clients::from_config(config).is_ok(),
        "the defaults' 7 s are more than the 6 s of the client's own"
    );
}

#[test]
fn no_clients_are_fine_and_their_defaults_are_held_to_the_rules() {
    assert_eq!(clients("").unwrap().names().count(), 0);
    assert_eq!(
        clients("[defaults]\nmax_attempts = 0").unwrap_err(),
        ["defaults.max_attempts = 0 (must be at least 1)"]
    );
}

#[test]
fn a_name_is_that_of_one_client() {
    let config = ClientsConfig::new()
        .client("a", read(""))
        .client("a", read("max_attempts = 2"));
    assert_eq!(
        told(config).unwrap_err(),
        ["a = a table (is given already)"]
    );
    let json = r#"{"a": {}, "a": {}, "defaults": {}, "defaults": {}}"#;
    let config: ClientsConfig = serde_json::from_str(json).unwrap();
    assert_eq!(
        told(config).unwrap_err(),
        [
            "a = a table (is given already)",
            "defaults = a table (is given already)"
        ]
    );
}
