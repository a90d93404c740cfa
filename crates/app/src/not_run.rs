//! What an export holds that this version does not run: a notice for each file, so that nothing is dropped in
//! silence. All of it is read as JSON all the same, so that every malformed file is named.

use crate::Context;
use crate::data_sources::{DataSources, NO_SYNC, SERVICES, is_enabled, json_files, list, subdirectories};
use crate::json::{self, Node};
use crate::names::quote;
use crate::root::{Layout, Root};
use crate::tree::join;

const NO_SERVICES: &str = "MongoDB and the webhooks of HTTP are the only services of this version";

pub(crate) fn notice(context: Context<'_>, root: &Root, data_sources: &DataSources) {
    other_layout(context, root.layout);
    if root.layout == Layout::Older {
        root_blocks(context, root.file);
    }
    data_api(context);
    sync_and_hosting(context);
    each_file(context, "graphql/custom_resolvers", "the custom resolver", "this version has no GraphQL");
    check(context, "graphql/config.json");
    each_file(context, "log_forwarders", "the log forwarder", "the log is kept in the database, for `usher logs`");
    for service in subdirectories(context, SERVICES) {
        if !data_sources.directories().any(|directory| directory == service) {
            self::service(context, &service);
        }
    }
}

/// What would be read in the other layout.
fn other_layout(context: Context<'_>, layout: Layout) {
    let (places, other): (&[&str], _) = match layout {
        Layout::Current => (&["auth_providers"], "config.json or stitch.json"),
        Layout::Older => (
            &["auth/providers.json", "auth/custom_user_data.json", "functions/config.json"],
            "realm_config.json or root_config.json",
        ),
    };
    for place in places.iter().filter(|place| context.tree.exists(place)) {
        context.report.not_run(place, None, "this", &format!("it belongs to the layout of {other}"));
    }
}

/// What the older layouts keep in the root file.
fn root_blocks(context: Context<'_>, file: &str) {
    json::read(context, file, |node| {
        let fields = node.try_object()?;
        if let Some(sync) = fields.get("sync").filter(|node| is_enabled(*node)) {
            sync.not_run("Device Sync", NO_SYNC);
        }
        if let Some(hosting) = fields.get("hosting").filter(|node| is_enabled(*node)) {
            hosting.not_run("static hosting", "any web server does it");
        }
        Some(())
    });
}

fn data_api(context: Context<'_>) {
    for directory in ["http_endpoints", "https_endpoints"] {
        let file = join(directory, "data_api_config.json");
        let enabled = json::read(context, &file, |node| !has(node, "disabled", Node::is_true));
        if enabled == Some(true) {
            context.report.not_run(&file, None, "the Data API", "clients and endpoints reach the data");
        }
        for service in subdirectories(context, directory) {
            self::service(context, &service);
        }
    }
}

fn sync_and_hosting(context: Context<'_>) {
    let sync = "sync/config.json";
    if json::read(context, sync, is_enabled) == Some(true) {
        context.report.not_run(sync, None, "Device Sync", NO_SYNC);
    }
    check(context, "hosting/metadata.json");
    let hosting = "hosting/config.json";
    let enabled = json::read(context, hosting, is_enabled) == Some(true);
    let files = "hosting/files";
    if enabled || !list(context, files).is_empty() {
        let file = if enabled { hosting } else { files };
        context.report.not_run(file, None, "static hosting", "any web server does it");
    }
}

/// A service that is no data source. Directories of other programs may stand here too.
fn service(context: Context<'_>, directory: &str) {
    let config = join(directory, "config.json");
    let webhooks = subdirectories(context, &join(directory, "incoming_webhooks"));
    let kind = json::read(context, &config, |node| {
        node.try_object().and_then(|fields| fields.text("type")).unwrap_or("http").to_owned()
    });
    each_file(context, &join(directory, "rules"), "the rule", NO_SERVICES);
    // Its webhooks are answered, and its requests are those of `context.http`.
    let Some(kind) = kind.filter(|kind| kind != "http") else { return };
    context.report.not_run(&config, None, &format!("the service, of type {}", quote(&kind)), NO_SERVICES);
    for webhook in webhooks {
        present(context, &join(&webhook, "config.json"), "the webhook", NO_SERVICES);
    }
}

fn has<'d>(node: Node<'d>, key: &str, holds: impl FnOnce(Node<'d>) -> bool) -> bool {
    node.try_object().and_then(|fields| fields.get(key)).is_some_and(holds)
}

fn each_file(context: Context<'_>, directory: &str, what: &str, because: &str) {
    for file in json_files(context, directory) {
        present(context, &file, what, because);
    }
}

fn present(context: Context<'_>, file: &str, what: &str, because: &str) {
    if json::read(context, file, |_| ()).is_some() {
        context.report.not_run(file, None, what, because);
    }
}

/// Says nothing of a file unless it is malformed.
fn check(context: Context<'_>, file: &str) {
    json::read(context, file, |_| ());
}
