//! HTTPS endpoints, `http_endpoints/config.json` or `https_endpoints/config.json`, and webhooks of older apps (reference
//! 7.7, real-apps 6).

mod entry;
mod webhooks;

use std::collections::BTreeMap;

use crate::json::{self, Fields, Node};
use crate::known::{Known, no_function};
use crate::names::quote;
use crate::run_as;
use crate::secrets::Secrets;
use crate::tree::join;
use crate::{Context, Endpoint, Function, RunAs, Shape, Validation};
use entry::Entry;

pub(crate) use webhooks::{find as webhooks, http_services};

/// App Services renamed the directory.
const DIRECTORIES: [&str; 2] = ["http_endpoints", "https_endpoints"];
const KEYS: &[&str] = &[
    "_id",
    "id",
    "route",
    "http_method",
    "httpMethod",
    "function_id",
    "function_name",
    "validation_method",
    "verification_method",
    "secret_id",
    "secret_name",
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
const ROUTE_HELP: &str = "write the path that clients ask for, such as \"/orders\" or \"/orders/new\"";

/// What the files say.
#[derive(Default)]
pub(crate) struct Endpoints {
    pub(crate) endpoints: Vec<Endpoint>,
    /// The functions that say as whom endpoints run, each with the file that holds it.
    pub(crate) scripts: Vec<(String, Function)>,
}

/// The endpoints of the app with these functions.
pub(crate) fn read(context: Context<'_>, known: Known<'_>, functions: &BTreeMap<String, Function>) -> Endpoints {
    let mut reader = Reader { known, functions, endpoints: Endpoints::default(), lines: Vec::new() };
    for directory in DIRECTORIES.into_iter().rev() {
        let file = join(directory, "config.json");
        // `pull` into an older export leaves the older file where it was.
        if !reader.endpoints.endpoints.is_empty() && context.tree.exists(&file) {
            context.report.notice(&file, None, format!("not read: {} has the newer endpoints", DIRECTORIES[1]));
            break;
        }
        json::read(context, &file, |node| {
            node.array().unwrap_or_default().into_iter().for_each(|node| reader.endpoint(node));
        });
    }
    reader.endpoints
}

struct Reader<'a> {
    known: Known<'a>,
    functions: &'a BTreeMap<String, Function>,
    endpoints: Endpoints,
    /// Where each stands.
    lines: Vec<(String, usize)>,
}

impl Reader<'_> {
    fn endpoint(&mut self, node: Node<'_>) {
        let Some(fields) = node.object() else { return };
        fields.refuse_misspelt(KEYS);
        let disabled = fields.flag("disabled");
        let route = fields.required("route").and_then(route);
        let method = fields.get("httpMethod").or_else(|| fields.required("http_method")).and_then(entry::method);
        let validation = validation(fields, self.known.secrets, disabled);
        let function = self.function(fields, disabled);
        let entry = Entry::read(fields, Shape::Json);
        let (Some(route), Some(method), Some(validation), Some(function)) = (route, method, validation, function)
        else {
            return;
        };
        let methods = method.map_or("any", |method| method.name());
        let said = run_as::read(fields, &format!("endpoint/{methods}{route}"));
        let run_as = match said {
            Some(authority) => {
                self.endpoints.scripts.extend(authority.script.map(|script| (node.file().to_owned(), script)));
                authority.run_as
            }
            None => self.functions.get(function).map_or(RunAs::Caller, run_as_of),
        };
        let same = |other: &Endpoint| other.route == route && other.method == method && !other.disabled;
        if !disabled && let Some(index) = self.endpoints.endpoints.iter().position(same) {
            let (file, line) = &self.lines[index];
            let message = format!("a second endpoint for {} and this method, the first is {file}:{line}", quote(route));
            node.mistake(message, "remove or disable one of them");
            return;
        }
        self.lines.push((node.file().to_owned(), node.line()));
        self.endpoints.endpoints.push(entry.endpoint(route, None, method, function, validation, run_as));
    }

    fn function<'d>(&self, fields: Fields<'d>, disabled: bool) -> Option<&'d str> {
        let node = fields.required("function_name")?;
        let name = node.text()?;
        // What is switched off keeps nothing from running.
        if disabled && !self.known.has_function(name) {
            let without = no_function(name, self.known.functions);
            node.notice(format!("{without}; the endpoint is switched off and was left out"));
            return None;
        }
        self.known.function(node)
    }
}

/// How requests show that they may. The documentation of App Services has two names for it; to read just one would leave
/// an endpoint open whose author closed it.
fn validation(fields: Fields<'_>, secrets: &Secrets, disabled: bool) -> Option<Validation> {
    let read = |key| entry::validation(fields, key, &["secret_name"], secrets, disabled);
    match (read("validation_method")?, read("verification_method")?) {
        (Validation::None, other) | (other, Validation::None) => Some(other),
        (one, other) if one == other => Some(one),
        _ => {
            let message = "\"validation_method\" and \"verification_method\" differ";
            fields.node.mistake(message, "remove \"verification_method\"");
            None
        }
    }
}

/// As its function does.
fn run_as_of(function: &Function) -> RunAs {
    match &function.run_as_user {
        _ if function.run_as_system => RunAs::System,
        Some(run_as) => run_as.clone(),
        None => RunAs::Caller,
    }
}

/// A path without anything that ends a path.
fn route(node: Node<'_>) -> Option<&str> {
    let route = node.text()?;
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '\\');
    if !route.starts_with('/') || route.contains(ends) || route.contains("//") {
        // Something else was pasted, perhaps with a password in it.
        let shown = if route.contains("://") { "this".to_owned() } else { quote(route) };
        node.mistake(format!("{shown} is not the route of an endpoint"), ROUTE_HELP);
        return None;
    }
    Some(route)
}
