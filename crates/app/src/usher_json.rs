//! `usher.json`: what Usher needs to know of an app and no export says.

mod write;

use usher_contract::Operations;

use crate::data_sources::DataSources;
use crate::json::{self, Fields, Node};
use crate::names::{self, near, quote};
use crate::{Context, DataGrant, HttpGrant, UsersConfig, UsherConfig, grants};

pub use write::write_grants;

const FILE: &str = "usher.json";
const KEYS: &[&str] = &["share_instance", "http", "grants"];
const HTTP_KEYS: &[&str] = &["origin", "functions"];
const GRANT_KEYS: &[&str] = &["data_source", "database", "collection", "operations", "functions"];
const ORIGIN_HELP: &str = "write a scheme, a host and perhaps a port: \"https://api.example.com\", or \"https://*.example.com\" for all \
     hosts below example.com";

/// The longest name of a host (RFC 1035).
const HOST_NAME_BYTES: usize = 253;

/// What the names in the file may stand for.
struct Known<'a> {
    data_sources: &'a DataSources,
    functions: &'a [String],
}

pub(crate) fn read(context: Context<'_>, data_sources: &DataSources, functions: &[String]) -> UsherConfig {
    let known = Known { data_sources, functions };
    let config = json::read(context, FILE, |node| {
        let fields = node.object()?;
        fields.refuse_unknown(KEYS);
        Some(UsherConfig {
            present: true,
            share_instance: fields.flag("share_instance"),
            http: each(fields, "http", |node| known.http(node)),
            grants: each(fields, "grants", |node| known.grant(node)),
            users: UsersConfig::default(),
        })
    });
    config.flatten().unwrap_or_default()
}

fn each<'d, T>(fields: Fields<'d>, key: &str, read: impl FnMut(Node<'d>) -> Option<T>) -> Vec<T> {
    fields.get(key).and_then(Node::array).unwrap_or_default().into_iter().filter_map(read).collect()
}

impl Known<'_> {
    fn http(&self, node: Node<'_>) -> Option<HttpGrant> {
        let Some(fields) = node.try_object() else {
            return origin(node, Vec::new());
        };
        node.object()?.refuse_unknown(HTTP_KEYS);
        let functions = self.functions(fields);
        origin(fields.required("origin")?, functions?)
    }

    fn grant(&self, node: Node<'_>) -> Option<DataGrant> {
        let fields = node.object()?;
        fields.refuse_unknown(GRANT_KEYS);
        // Each is read before any is missed, so that all their mistakes are told.
        let data_source = fields.required("data_source").and_then(|node| self.data_source(node));
        let database = fields.required("database").and_then(names::database);
        let collection = fields.required("collection").and_then(|node| match node.is_text("*") {
            true => Some(None),
            false => names::collection(node, database).map(|name| Some(name.to_owned())),
        });
        let operations = fields.get("operations").map_or(Some(Operations::ALL), grants::operations);
        let functions = self.functions(fields);
        Some(DataGrant {
            data_source: data_source?.to_owned(),
            database: database?.to_owned(),
            collection: collection?,
            operations: operations?,
            functions: functions?,
        })
    }

    fn data_source<'d>(&self, node: Node<'d>) -> Option<&'d str> {
        let name = node.text()?;
        if !self.data_sources.names().contains(&name) {
            node.mistake(format!("no data source is named {}", quote(name)), self.data_sources.help());
            return None;
        }
        Some(name)
    }

    /// The functions of a grant; without the field all of them, and `None` where the field has a mistake.
    fn functions(&self, fields: Fields<'_>) -> Option<Vec<String>> {
        let Some(field) = fields.get("functions") else {
            return Some(Vec::new());
        };
        let nodes = field.array()?;
        if nodes.is_empty() {
            field.mistake("a grant for no function", "name functions, or leave \"functions\" out for all");
        }
        let name = |node: Node<'_>| {
            let name = node.text()?;
            if !self.functions.iter().any(|known| known == name) {
                let known: Vec<&str> = self.functions.iter().map(String::as_str).collect();
                let guess = near(name, &known).map(|near| format!("; did you mean {}?", quote(near)));
                let message = format!("no function is named {}{}", quote(name), guess.unwrap_or_default());
                node.mistake(message, "name functions of the app, or leave \"functions\" out for all");
            }
            Some(name.to_owned())
        };
        nodes.into_iter().map(name).collect()
    }
}

/// An origin as in RFC 6454, strictly: what is not understood must not be granted.
fn origin(node: Node<'_>, functions: Vec<String>) -> Option<HttpGrant> {
    let text = node.text()?;
    let refuse = |problem: &str| {
        node.mistake(format!("{} {problem}", quote(text)), ORIGIN_HELP);
        None
    };
    let (scheme, authority) = match text.split_once("://") {
        Some((scheme, authority)) => (scheme.to_ascii_lowercase(), authority),
        None => return refuse("is not an origin: it has no scheme"),
    };
    let default = match scheme.as_str() {
        "https" => 443,
        "http" => 80,
        _ => return refuse("is not an origin of http or https"),
    };
    if authority.contains(['/', '?', '#', '@', '\\']) {
        return refuse("is more than an origin: paths, queries and credentials cannot be granted");
    }
    let after_address = authority.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match authority[after_address..].rsplit_once(':') {
        Some((_, port)) => (&authority[..authority.len() - port.len() - 1], port.parse().ok()),
        None => (authority, Some(default)),
    };
    let Some(port) = port.filter(|port| *port != 0) else {
        return refuse("has a port that is not from 1 to 65535");
    };
    if !is_host(host) {
        return refuse("does not name a host");
    }
    Some(HttpGrant { scheme, host: host.to_ascii_lowercase(), port, functions })
}

/// A name, an address, or `*.` with a name of two parts or more: nobody owns all hosts below `com`.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address.strip_suffix(']').is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let is_name = |name: &str| name.len() <= HOST_NAME_BYTES && name.split('.').all(names::is_word);
    let is_address = |name: &str| name.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    match host.strip_prefix("*.") {
        Some(name) => is_name(name) && name.contains('.') && !is_address(name),
        None if is_address(host) => host.parse::<std::net::Ipv4Addr>().is_ok(),
        None => is_name(host),
    }
}
