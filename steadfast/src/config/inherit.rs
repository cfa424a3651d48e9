//! What components take over from the sections of defaults.

use super::origin::Origin;
use super::tree::{Node, Table};

/// Where HTTP clients inherit from.
pub(super) const HTTP_DEFAULTS: &str = "http_clients.defaults";

/// Settings of an HTTP client that change what its `breaker` says, and are not inherited beside one of its
/// own.
const OF_BREAKER: &[&str] = &[
    "failure_threshold",
    "reset_timeout",
    "open_for",
    "max_probes",
    "success_threshold",
    "half_open_max",
    "abandoned_as",
];

/// The bulkheads that there are without a file; each has the preset of its name.
pub(super) const BULKHEADS: &[&str] = &["amqp_channels", "http_connections", "llm_requests"];

/// Gives each component what it does not say itself. Returns the defaults of HTTP clients, which are no
/// client.
pub(super) fn inherit(top: &mut Table) -> Option<Table> {
    for (named, section) in [
        ("circuit_breakers", "circuit_breaker"),
        ("retries", "retry"),
    ] {
        if let Some(defaults) = top.table(section).cloned() {
            for table in tables_mut(top, named) {
                fill(table, &defaults, section);
            }
        }
    }
    built_in_bulkheads(top);

    let clients = top.table_mut("http_clients")?;
    let Some(Node::Table(defaults)) = clients.entries.remove("defaults") else {
        return None;
    };
    for client in tables_mut(top, "http_clients") {
        inherit_client(client, &defaults);
    }
    Some(defaults)
}

fn tables_mut<'t>(top: &'t mut Table, name: &str) -> impl Iterator<Item = &'t mut Table> {
    let tables = top.table_mut(name).into_iter();
    tables.flat_map(|table| {
        table.entries.values_mut().filter_map(|node| match node {
            Node::Table(table) => Some(table),
            Node::Leaf(..) => None,
        })
    })
}

/// Key by key, also within tables.
fn fill(table: &mut Table, defaults: &Table, section: &'static str) {
    for (name, node) in &defaults.entries {
        match (table.entries.get_mut(name), node) {
            (Some(Node::Table(own)), Node::Table(defaults)) => fill(own, defaults, section),
            (Some(_), _) => {}
            (None, node) => {
                table.entries.insert(name.clone(), inherited(node, section));
            }
        }
    }
}

/// As `steadfast_http::Clients` does it: headers one by one, other tables whole.
fn inherit_client(client: &mut Table, defaults: &Table) {
    let own_breaker = client.entries.contains_key("breaker");
    for (name, node) in &defaults.entries {
        if own_breaker && OF_BREAKER.contains(&name.as_str()) {
            continue;
        }
        match (client.entries.get_mut(name), node) {
            (Some(Node::Table(own)), Node::Table(defaults)) if name == "default_headers" => {
                fill(own, defaults, HTTP_DEFAULTS);
            }
            (Some(_), _) => {}
            (None, node) => {
                let node = inherited(node, HTTP_DEFAULTS);
                client.entries.insert(name.clone(), node);
            }
        }
    }
}

fn inherited(node: &Node, section: &'static str) -> Node {
    let of = |origin: &Origin| Origin::Inherited {
        section,
        from: origin.clone().into(),
    };
    match node {
        Node::Leaf(value, origin) => Node::Leaf(value.clone(), of(origin)),
        Node::Table(table) => {
            let entries = table.entries.iter();
            Node::Table(Table {
                entries: entries
                    .map(|(name, node)| (name.clone(), inherited(node, section)))
                    .collect(),
                origin: table.origin.as_ref().map(of),
            })
        }
    }
}

fn built_in_bulkheads(top: &mut Table) {
    let bulkheads = top.entries.entry("bulkheads".to_owned());
    let Node::Table(bulkheads) = bulkheads.or_insert_with(|| Node::Table(Table::default())) else {
        return;
    };
    for name in BULKHEADS {
        let bulkhead = bulkheads.entries.entry((*name).to_owned());
        let bulkhead = bulkhead.or_insert_with(|| {
            Node::Table(Table {
                origin: Some(Origin::BuiltIn),
                ..Table::default()
            })
        });
        if let Node::Table(bulkhead) = bulkhead {
            let preset = bulkhead.entries.entry("preset".to_owned());
            preset.or_insert_with(|| Node::Leaf((*name).into(), Origin::BuiltIn));
        }
    }
}
