//! Incoming webhooks of services: `<service>/incoming_webhooks/<name>/{config.json,source.js}`, below `services/` or
//! `http_endpoints/` (real-apps 1 and 6).

use std::path::Path;

use super::DIRECTORIES;
use super::entry::{self, Entry};
use crate::data_sources::{SERVICES, list, subdirectories};
use crate::functions::unlisted;
use crate::json::{self, Node};
use crate::names::{is_word, quote};
use crate::run_as::{self, Authority};
use crate::secrets::Secrets;
use crate::tree::join;
use crate::{Context, Endpoint, Function, RunAs, Shape, Source, Validation};

const KEYS: &[&str] = &[
    "_id",
    "id",
    "name",
    "options",
    "respond_result",
    "return_type",
    "fetch_custom_user_data",
    "create_user_on_auth",
    "run_as_system",
    "run_as_authed_user",
    "run_as_user_id",
    "run_as_user_id_script_source",
    "can_evaluate",
    "disable_arg_logs",
    "disabled",
    "last_modified",
];
const OPTION_KEYS: &[&str] = &["httpMethod", "validationMethod", "secret", "secretName", "secret_name", "secrets"];
/// The folder of the functions that answer.
const FOLDER: &str = "incoming_webhooks";
const SOURCE: &str = "source.js";

/// A webhook with its functions.
pub(crate) struct Webhook {
    /// Its configuration.
    pub(crate) file: String,
    pub(crate) endpoint: Endpoint,
    /// The function that answers, and the one that says as whom, if any.
    pub(crate) functions: Vec<Function>,
}

/// Every webhook of an app, whose directory is `directory`.
pub(crate) fn find(context: Context<'_>, directory: &Path, secrets: &Secrets) -> Vec<Webhook> {
    let mut webhooks = Vec::new();
    for services in [SERVICES].into_iter().chain(DIRECTORIES) {
        for service in subdirectories(context, services) {
            let Some(name) = http_service(context, &service) else { continue };
            for webhook in subdirectories(context, &join(&service, FOLDER)) {
                webhooks.extend(read(context, directory, secrets, &name, &webhook));
            }
        }
    }
    webhooks
}

/// The names of the services of HTTP. Functions of older apps send requests by them.
pub(crate) fn http_services(context: Context<'_>) -> Vec<String> {
    let directories = [SERVICES].into_iter().chain(DIRECTORIES).flat_map(|services| subdirectories(context, services));
    directories.filter_map(|directory| http_service(context, &directory)).collect()
}

/// Whether a directory is that of a service of HTTP whose webhooks are answered.
fn http_service(context: Context<'_>, directory: &str) -> Option<String> {
    let file = join(directory, "config.json");
    let of_directory = directory.rsplit('/').next().unwrap_or(directory);
    let name = json::read(context, &file, |node| {
        let fields = node.object()?;
        let http = fields.get("type").is_none_or(|kind| kind.is_text("http"));
        http.then(|| fields.text("name").unwrap_or(of_directory).to_owned())
    });
    match name {
        Some(name) => name,
        None => context.tree.exists(&join(directory, FOLDER)).then(|| of_directory.to_owned()),
    }
}

fn read(context: Context<'_>, app: &Path, secrets: &Secrets, service: &str, directory: &str) -> Option<Webhook> {
    let file = join(directory, "config.json");
    let of_directory = directory.rsplit('/').next().unwrap_or(directory);
    json::read(context, &file, |node| {
        let fields = node.object()?;
        fields.refuse_misspelt(KEYS);
        let name = fields.text("name").unwrap_or(of_directory);
        let function = format!("{FOLDER}/{service}/{name}");
        if !is_word(service) || !is_word(name) {
            let message = format!("{} of {} cannot stand in the address of a webhook", quote(name), quote(service));
            node.mistake(message, "use letters, digits, \"_\" and \"-\" in the names of a webhook and its service");
            return None;
        }
        let script = join(directory, SOURCE);
        if !list(context, directory).iter().any(|item| item.name == SOURCE && !item.directory) {
            node.mistake(format!("the webhook {} has no source", quote(name)), format!("add {script}"));
            return None;
        }
        let disabled = fields.flag("disabled");
        let (method, validation) = match fields.get("options").map(Node::object) {
            Some(options) => {
                let options = options?;
                options.refuse_misspelt(OPTION_KEYS);
                let names = &["secret", "secretName", "secret_name", "secrets"];
                let method = options.get("httpMethod").filter(|node| !node.is_empty());
                let validation = entry::validation(options, "validationMethod", names, secrets, disabled);
                (method.map_or(Some(None), entry::method)?, validation?)
            }
            None => (None, Validation::None),
        };
        // Stitch answered Extended JSON, and webhooks had no setting for it.
        let entry = Entry::read(fields, Shape::Ejson);
        // Webhooks ran as the system unless they said otherwise.
        let authority = run_as::read(fields, &function).unwrap_or(Authority { run_as: RunAs::System, script: None });
        let source = Source::JavaScript(app.join(script));
        let answers = unlisted(function.clone(), source, authority.run_as == RunAs::System);
        Some(Webhook {
            file: file.clone(),
            endpoint: entry.endpoint(name, Some(service), method, &function, validation, authority.run_as),
            functions: std::iter::once(answers).chain(authority.script).collect(),
        })
    })?
}
