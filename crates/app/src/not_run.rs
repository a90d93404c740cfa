//! What an export holds that this version does not run: a notice for each file, so that nothing is dropped in
//! silence. All of it is read as JSON all the same, so that every malformed file is named.

use crate::Context;
use crate::data_sources::{DataSources, NO_SYNC, SERVICES, is_enabled, json_files, list, subdirectories};
use crate::json::{self, Node};
use crate::names::quote;
use crate::root::{Layout, Root};
use crate::tree::join;

const NO_RULES: &str = "rules are not enforced yet: a function that runs as a user reaches only custom data, and \
                        clients reach collections only through functions";
const NO_SCHEMA: &str = "a function's writes are checked by the function";
const NO_ENDPOINTS: &str = "this version answers the client protocol only, without endpoints of an app's own";
const NO_SERVICES: &str = "MongoDB is the only service of this version";

pub(crate) fn notice(context: Context<'_>, root: &Root, data_sources: &DataSources) {
    other_layout(context, root.layout);
    if root.layout == Layout::Older {
        root_blocks(context, root.file);
    }
    triggers(context);
    endpoints(context);
    sync_and_hosting(context);
    each_file(context, "graphql/custom_resolvers", "the custom resolver", "this version has no GraphQL");
    check(context, "graphql/config.json");
    each_file(context, "log_forwarders", "the log forwarder", "the log goes to standard error only");
    for source in data_sources.directories() {
        rules(context, source);
    }
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

fn triggers(context: Context<'_>) {
    for file in json_files(context, "triggers") {
        let disabled = json::read(context, &file, |node| has(node, "disabled", Node::is_true));
        if disabled == Some(false) {
            context.report.not_run(&file, None, "the trigger", "this version has no triggers");
        }
    }
}

fn endpoints(context: Context<'_>) {
    for directory in ["http_endpoints", "https_endpoints"] {
        unless_empty(context, &join(directory, "config.json"), "endpoints", NO_ENDPOINTS);
        // The older form: a service with webhooks.
        for service in subdirectories(context, directory) {
            present(context, &join(&service, "config.json"), "webhooks", NO_ENDPOINTS);
            webhooks(context, &service);
        }
        let data_api = join(directory, "data_api_config.json");
        let enabled = json::read(context, &data_api, |node| !has(node, "disabled", Node::is_true));
        if enabled == Some(true) {
            context.report.not_run(&data_api, None, "the Data API", NO_ENDPOINTS);
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

fn rules(context: Context<'_>, source: &str) {
    let default = join(source, "default_rule.json");
    let given = json::read(context, &default, |node| {
        has(node, "roles", |roles| !roles.is_empty()) || has(node, "filters", |filters| !filters.is_empty())
    });
    if given == Some(true) {
        context.report.not_run(&default, None, "rules", NO_RULES);
    }
    for database in subdirectories(context, source) {
        for collection in subdirectories(context, &database) {
            present(context, &join(&collection, "rules.json"), "rules", NO_RULES);
            unless_empty(context, &join(&collection, "schema.json"), "schema validation", NO_SCHEMA);
            let relationships = join(&collection, "relationships.json");
            unless_empty(context, &relationships, "relationships", "this version has no GraphQL");
        }
    }
    // The older layouts: a file for each collection, with its schema inside.
    for file in json_files(context, &join(source, "rules")) {
        let schema = json::read(context, &file, |node| has(node, "schema", |schema| !schema.is_empty()));
        if let Some(schema) = schema {
            context.report.not_run(&file, None, "rules", NO_RULES);
            if schema {
                context.report.not_run(&file, None, "schema validation", NO_SCHEMA);
            }
        }
    }
}

/// A service that is no data source. Directories of other programs may stand here too.
fn service(context: Context<'_>, directory: &str) {
    let config = join(directory, "config.json");
    let kind = json::read(context, &config, |node| {
        node.try_object()
            .and_then(|fields| fields.text("type"))
            .map(|kind| format!("the service, of type {}", quote(kind)))
    });
    if let Some(kind) = kind {
        context.report.not_run(&config, None, kind.as_deref().unwrap_or("the service"), NO_SERVICES);
    }
    each_file(context, &join(directory, "rules"), "the rule", NO_SERVICES);
    webhooks(context, directory);
}

fn webhooks(context: Context<'_>, service: &str) {
    for webhook in subdirectories(context, &join(service, "incoming_webhooks")) {
        present(context, &join(&webhook, "config.json"), "the webhook", NO_ENDPOINTS);
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

fn unless_empty(context: Context<'_>, file: &str, what: &str, because: &str) {
    if json::read(context, file, |node| !node.is_empty()) == Some(true) {
        context.report.not_run(file, None, what, because);
    }
}

/// Says nothing of a file unless it is malformed.
fn check(context: Context<'_>, file: &str) {
    json::read(context, file, |_| ());
}
