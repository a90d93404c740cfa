//! `usher.json`: what Usher needs to know of an app and no export says.

mod services;
mod users;
mod write;

use std::collections::BTreeMap;

use usher_contract::Operations;

use crate::json::{self, Fields, Node};
use crate::known::Known;
use crate::names::{self, quote};
use crate::{Context, DataGrant, HttpGrant, OAuth2Services, UsherConfig, grants};

pub use write::write_grants;

const FILE: &str = "usher.json";
const KEYS: &[&str] = &["share_instance", "http", "grants", "users", "oauth2"];
const HTTP_KEYS: &[&str] = &["origin", "functions"];
const GRANT_KEYS: &[&str] = &["data_source", "database", "collection", "operations", "functions"];
const ORIGIN_HELP: &str = "write a scheme, a host and perhaps a port: \"https://api.example.com\", or \"https://*.example.com\" for all \
     hosts below example.com";

/// The longest name of a host (RFC 1035).
const HOST_NAME_BYTES: usize = 253;

/// What the file says.
#[derive(Default)]
pub(crate) struct UsherJson {
    pub(crate) config: UsherConfig,
    /// Addresses of providers, by the provider's name.
    pub(crate) services: BTreeMap<&'static str, OAuth2Services>,
}

pub(crate) fn read(context: Context<'_>, known: Known<'_>) -> UsherJson {
    let file = json::read(context, FILE, |node| {
        let fields = node.object()?;
        fields.refuse_unknown(KEYS);
        let config = UsherConfig {
            present: true,
            share_instance: fields.flag("share_instance"),
            http: each(fields, "http", |node| known.http(node)),
            grants: each(fields, "grants", |node| known.grant(node)),
            users: users::read(fields),
        };
        Some(UsherJson { config, services: services::read(fields) })
    });
    file.flatten().unwrap_or_default()
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
        let functions = self.granted(fields);
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
        let functions = self.granted(fields);
        Some(DataGrant {
            data_source: data_source?.to_owned(),
            database: database?.to_owned(),
            collection: collection?,
            operations: operations?,
            functions: functions?,
        })
    }

    /// The functions of a grant; without the field all of them, and `None` where the field has a mistake.
    fn granted(&self, fields: Fields<'_>) -> Option<Vec<String>> {
        let Some(field) = fields.get("functions") else {
            return Some(Vec::new());
        };
        let nodes = field.array()?;
        if nodes.is_empty() {
            field.mistake("a grant for no function", "name functions, or leave \"functions\" out for all");
        }
        nodes.into_iter().map(|node| self.function(node).map(str::to_owned)).collect()
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
