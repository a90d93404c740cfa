//! `triggers/<name>.json`, with `event_processors` or in the older form with `function_name` (reference 2.2, real-apps 5).

mod database;
mod operations;
mod schedule;

use std::collections::BTreeMap;

use crate::data_sources::{is_enabled, json_files};
use crate::json::{self, Fields, Node};
use crate::known::{Known, no_function};
use crate::names::{near, quote};
use crate::{AuthenticationTrigger, Context, Occasion, ScheduledTrigger, Trigger};

const DIRECTORY: &str = "triggers";
const AUTHENTICATION: &str = "AUTHENTICATION";
const DATABASE: &str = "DATABASE";
const SCHEDULED: &str = "SCHEDULED";
const TYPES: &[&str] = &[AUTHENTICATION, DATABASE, SCHEDULED];
const KEYS: &[&str] = &[
    "_id",
    "id",
    "name",
    "type",
    "config",
    "disabled",
    "event_processors",
    "function_id",
    "function_name",
    "error_handler",
    "last_modified",
    "skip_catchup_event",
    "skip_catchup_events",
];
const AUTHENTICATION_KEYS: &[&str] = &["operation_type", "operation_types", "providers"];
const SCHEDULED_KEYS: &[&str] = &["schedule", "schedule_type", "skip_catchup_event", "skip_catchup_events"];
/// The documentation of App Services has the first, its exports the second.
const SKIPS: [&str; 2] = ["skip_catchup_event", "skip_catchup_events"];

/// The triggers that Usher runs, by name.
pub(crate) fn read(context: Context<'_>, known: Known<'_>) -> BTreeMap<String, Trigger> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut triggers = BTreeMap::new();
    for file in json_files(context, DIRECTORY) {
        let Some(trigger) = json::read(context, &file, |node| trigger(node, known)).flatten() else {
            continue;
        };
        if let Some(first) = files.get(&trigger.name) {
            let message = format!("a second trigger named {}, the first is {first}", quote(&trigger.name));
            context.report.mistake(&file, None, message, "rename or remove one of them");
            continue;
        }
        files.insert(trigger.name.clone(), file);
        triggers.insert(trigger.name.clone(), trigger);
    }
    triggers
}

fn trigger(node: Node<'_>, known: Known<'_>) -> Option<Trigger> {
    let fields = node.object()?;
    fields.refuse_misspelt(KEYS);
    let disabled = fields.flag("disabled");
    let name = fields.required("name").and_then(Node::text).filter(|name| !name.is_empty());
    let kind = fields.required("type").and_then(kind);
    let function = function(fields, known, disabled);
    let config = fields.required("config").and_then(Node::object)?;
    let mut occasion = match kind? {
        AUTHENTICATION => authentication(config)?,
        DATABASE => Occasion::Database(database::read(config, known, disabled)?),
        _ => Occasion::Scheduled(scheduled(config)?),
    };
    // Some wrote it beside the block that it belongs to.
    if skips(fields) {
        match &mut occasion {
            Occasion::Database(trigger) => trigger.skip_catchup_events = true,
            Occasion::Scheduled(trigger) => trigger.skip_catchup_events = true,
            Occasion::Authentication(_) => {}
        }
    }
    Some(Trigger { name: name?.to_owned(), function: function?, disabled, occasion })
}

fn kind(node: Node<'_>) -> Option<&'static str> {
    let text = node.text()?;
    let kind = TYPES.iter().find(|kind| kind.eq_ignore_ascii_case(text)).copied();
    if kind.is_none() {
        let guess = near(text, TYPES).map(|near| format!("; did you mean {}?", quote(near)));
        let message = format!("{} is not a type of trigger{}", quote(text), guess.unwrap_or_default());
        node.mistake(message, format!("the types are {}", TYPES.join(", ")));
    }
    kind
}

/// The function that the trigger runs; `None` where it runs none, which is told.
fn function(fields: Fields<'_>, known: Known<'_>, disabled: bool) -> Option<String> {
    let processors = fields.get("event_processors").filter(|node| !node.is_empty()).and_then(Node::object);
    let bridge = processors.and_then(|processors| processors.get("AWS_EVENTBRIDGE"));
    if let Some(node) = bridge {
        node.not_run("the event processor AWS_EVENTBRIDGE", "triggers run functions; one can send the event on");
    }
    let enabled = |node: Node<'_>| {
        let config = node.try_object().and_then(|fields| fields.get("config"));
        [Some(node), config].into_iter().flatten().any(is_enabled)
    };
    if let Some(node) = fields.get("error_handler").filter(|node| enabled(*node)) {
        node.not_run("the error handler", "failed events wait in a list, which `usher triggers dead` shows");
    }
    let processor = processors.and_then(|processors| processors.get("FUNCTION"));
    let named = match processor {
        Some(processor) => processor.object()?.required("config")?.object()?.required("function_name")?,
        None if bridge.is_some() => return None,
        // So App Services exported a trigger whose function was deleted.
        None if fields.get("function_name").is_none() => {
            fields.node.notice("names no function, so the trigger was left out");
            return None;
        }
        None => fields.required("function_name")?,
    };
    match named.text()? {
        // What is switched off keeps nothing from running.
        name if disabled && !known.has_function(name) => {
            let without = no_function(name, known.functions);
            named.notice(format!("{without}; the trigger is switched off and was left out"));
            None
        }
        _ => known.function(named).map(str::to_owned),
    }
}

fn authentication(config: Fields<'_>) -> Option<Occasion> {
    config.refuse_misspelt(AUTHENTICATION_KEYS);
    let providers = config.get("providers").map(Node::one_or_more).unwrap_or_default();
    let providers = providers.into_iter().filter_map(provider).collect();
    let operations = operations::of_users(config)?;
    Some(Occasion::Authentication(AuthenticationTrigger { operations, providers }))
}

fn provider(node: Node<'_>) -> Option<String> {
    let name = node.text()?;
    let known = crate::providers::TYPES;
    if !known.contains(&name) {
        let guess = near(name, known).map(|near| format!("; did you mean {}?", quote(near)));
        let message = format!("unknown provider {}{}", quote(name), guess.unwrap_or_default());
        node.mistake(message, format!("the providers are {}", known.join(", ")));
    }
    Some(name.to_owned())
}

fn scheduled(config: Fields<'_>) -> Option<ScheduledTrigger> {
    config.refuse_misspelt(SCHEDULED_KEYS);
    let schedule = schedule::read(config.required("schedule")?)?;
    Some(ScheduledTrigger { schedule, skip_catchup_events: skips(config) })
}

/// Whether what happened while the trigger was off is to be forgotten.
fn skips(fields: Fields<'_>) -> bool {
    // Both are read, so that both their mistakes are told.
    SKIPS.map(|key| fields.flag(key)).contains(&true)
}
