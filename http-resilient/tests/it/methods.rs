//! Nothing public of reqwest's is missing without a reason: its source is looked through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is left out, and why.
const ABSENT: &[(&str, &[&str], &str)] = &[
    (
        "ClientBuilder",
        &["retry"],
        "retries are this crate's, and reqwest's are turned off",
    ),
    (
        "ClientBuilder",
        &["dns_resolver", "connector_layer", "windows_named_pipe"],
        "its argument's trait has no name outside reqwest: `Builder::reqwest` takes it",
    ),
    (
        "ClientBuilder",
        &[
            "cookie_store",
            "cookie_provider",
            "brotli",
            "zstd",
            "deflate",
            "hickory_dns",
            "http3_prior_knowledge",
            "http3_max_idle_timeout",
            "http3_stream_receive_window",
            "http3_conn_receive_window",
            "http3_send_window",
            "http3_congestion_bbr",
            "http3_max_field_section_size",
            "http3_send_grease",
            "tls_early_data",
        ],
        "behind a feature of reqwest's that this crate does not have: `Builder::reqwest` takes it",
    ),
    (
        "ClientBuilder",
        &[
            "add_root_certificate",
            "add_crl",
            "add_crls",
            "danger_accept_invalid_hostnames",
            "danger_accept_invalid_certs",
            "min_tls_version",
            "max_tls_version",
            "use_native_tls",
            "use_rustls_tls",
            "use_preconfigured_tls",
        ],
        "an old name, of which reqwest says to use the new one",
    ),
    (
        "Error",
        &["url_mut", "with_url", "without_url"],
        "no text of an error has what is secret in its URL",
    ),
];

#[test]
fn every_public_method_of_reqwest_is_here_or_left_out_for_a_reason() {
    let reqwest = reqwest_source();
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (of, theirs, our_name, files, at_least) in [
        (
            "RequestBuilder",
            "async_impl/request.rs",
            "RequestBuilder",
            &["request.rs"][..],
            16,
        ),
        (
            "Client",
            "async_impl/client.rs",
            "Client",
            &["client.rs"],
            10,
        ),
        (
            "ClientBuilder",
            "async_impl/client.rs",
            "Builder",
            &[
                "builder.rs",
                "builder/basics.rs",
                "builder/forward.rs",
                "builder/redirects.rs",
            ],
            60,
        ),
        (
            "Error",
            "error.rs",
            "Error",
            &["error.rs", "error/predicates.rs"],
            14,
        ),
    ] {
        let theirs = methods(&read(&reqwest.join(theirs)), of);
        assert!(theirs.len() >= at_least, "{of}: {theirs:?}");
        let sources = files.iter().map(|file| read(&ours.join(file)));
        let ours: BTreeSet<_> = sources
            .flat_map(|source| [methods(&source, our_name), forwarded(&source)].concat())
            .collect();
        let absent = absent(of);
        for method in &theirs {
            let is_here = ours.contains(method);
            let is_left_out = absent.contains_key(method.as_str());
            assert!(is_here || is_left_out, "{of}::{method} is missing");
            assert!(
                !(is_here && is_left_out),
                "{of}::{method} is here: {}",
                absent[method.as_str()]
            );
        }
        for (method, reason) in absent {
            assert!(
                theirs.iter().any(|one| one == method),
                "reqwest has no {of}::{method} ({reason})"
            );
        }
    }
}

fn absent(of: &str) -> BTreeMap<&'static str, &'static str> {
    ABSENT
        .iter()
        .filter(|(whose, ..)| *whose == of)
        .flat_map(|(_, methods, reason)| methods.iter().map(|method| (*method, *reason)))
        .collect()
}

/// The public methods in the inherent `impl` blocks of a type, which begin and end at the left margin.
fn methods(source: &str, of: &str) -> Vec<String> {
    let begin = format!("impl {of} {{");
    let mut inside = false;
    let mut found = Vec::new();
    for line in source.lines() {
        if line == begin {
            inside = true;
        } else if line == "}" {
            inside = false;
        } else if let Some(rest) = line.strip_prefix("    pub ").filter(|_| inside) {
            let rest = rest
                .trim_start_matches("const ")
                .trim_start_matches("async ");
            if let Some(signature) = rest.strip_prefix("fn ") {
                let name = signature.split(['(', '<']).next();
                found.push(name.unwrap_or_default().to_owned());
            }
        }
    }
    found
}

/// The methods that a `forward!` table writes: its lines of the form `name(argument: type);`.
fn forwarded(source: &str) -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in source.lines() {
        match line {
            "forward! {" => inside = true,
            "}" => inside = false,
            line if inside && line.ends_with(");") => {
                let name = line.trim().split('(').next();
                found.push(name.unwrap_or_default().to_owned());
            }
            _ => {}
        }
    }
    found
}

/// Where cargo keeps the source of the reqwest that this crate is built with.
fn reqwest_source() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--manifest-path",
            manifest,
        ])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata: {errors}");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let versions = packages
        .iter()
        .filter(|package| package["name"] == "reqwest");
    // There may be an older one in the tree of somebody else's.
    let newest = versions.max_by_key(|package| {
        let version = package["version"].as_str().unwrap().split('.');
        version
            .map(|part| part.parse::<u32>().unwrap_or(0))
            .collect::<Vec<_>>()
    });
    let manifest = newest.unwrap()["manifest_path"].as_str().unwrap();
    Path::new(manifest).with_file_name("src")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
