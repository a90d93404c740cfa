//! What an export holds that this version does not run: a notice for each file, so that nothing is dropped in
//! silence.

use crate::Context;
use crate::data_sources::{DataSources, NO_SYNC, is_enabled, list, subdirectories};
use crate::json::{self, Node};
use crate::tree::join;

const NO_RULES: &str = "clients reach collections only through functions, under the functions' grants";
const NO_ENDPOINTS: &str = "this version answers the client protocol only, without endpoints of an app's own";
const NO_SERVICES: &str = "MongoDB is the only service of this version";

pub(crate) fn notice(context: Context<'_>, data_sources: &DataSources) {
    triggers(context);
    endpoints(context);
    each_file(context, "values", "the value", "functions are not given values in this version");
    environments(context);
    sync_and_hosting(context);
    each_file(context, "graphql/custom_resolvers", "the custom resolver", "this version has no GraphQL");
    each_file(context, "log_forwarders", "the log forwarder", "the log goes to standard error only");
    for source in data_sources.directories() {
        rules(context, source);
    }
    for service in subdirectories(context, "services") {
        present(context, &join(&service, "config.json"), "the service", NO_SERVICES);
    }
    present(context, "functions/package.json", "npm packages", "this version runs components, not JavaScript");
    present(context, "secrets.json", "secrets", "nothing in this version reads them");
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
        }
        let data_api = join(directory, "data_api_config.json");
        let enabled = json::read(context, &data_api, |node| !has(node, "disabled", Node::is_true));
        if enabled == Some(true) {
            context.report.not_run(&data_api, None, "the Data API", NO_RULES);
        }
    }
}

fn environments(context: Context<'_>) {
    for file in json_files(context, "environments") {
        let values = json::read(context, &file, |node| has(node, "values", |values| !values.is_empty()));
        if values == Some(true) {
            let because = "functions are not given environment values in this version";
            context.report.not_run(&file, None, "environment values", because);
        }
    }
}

fn sync_and_hosting(context: Context<'_>) {
    let sync = "sync/config.json";
    if json::read(context, sync, is_enabled) == Some(true) {
        context.report.not_run(sync, None, "Device Sync", NO_SYNC);
    }
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
            let because = "a function's writes are checked by the function";
            unless_empty(context, &join(&collection, "schema.json"), "schema validation", because);
        }
    }
}

fn has<'d>(node: Node<'d>, key: &str, holds: impl FnOnce(Node<'d>) -> bool) -> bool {
    node.try_object().and_then(|fields| fields.get(key)).is_some_and(holds)
}

fn each_file(context: Context<'_>, directory: &str, what: &str, because: &str) {
    for file in json_files(context, directory) {
        context.report.not_run(&file, None, what, because);
    }
}

fn present(context: Context<'_>, file: &str, what: &str, because: &str) {
    if context.tree.exists(file) {
        context.report.not_run(file, None, what, because);
    }
}

fn unless_empty(context: Context<'_>, file: &str, what: &str, because: &str) {
    if json::read(context, file, |node| !node.is_empty()) == Some(true) {
        context.report.not_run(file, None, what, because);
    }
}

fn json_files(context: Context<'_>, directory: &str) -> Vec<String> {
    let files = list(context, directory).into_iter().filter(|item| !item.directory && item.name.ends_with(".json"));
    files.map(|item| join(directory, &item.name)).collect()
}
