//! What changed between two deployments of an app.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value, json};
use usher_app::{App, AppValue, Confirmation, Providers, RuleBook};

use super::code;
use super::report::{self, FunctionReport, always};

/// What changed.
#[derive(Debug, Default)]
pub(super) struct Difference {
    added: Vec<FunctionReport>,
    removed: Vec<FunctionReport>,
    changed: Vec<Changed>,
    /// Facts of the app: what, before, after.
    app: Vec<(String, String, String)>,
}

/// A function that both deployments have, and that is not the same in them.
#[derive(Debug)]
struct Changed {
    name: String,
    code: bool,
    budget: bool,
    /// Who calls it and what it can touch, before and after; where that changed.
    authority: Option<(Vec<String>, Vec<String>)>,
}

/// Compares an app with an earlier version of it.
///
/// # Errors
/// Where the code of a function cannot be read.
pub(super) fn between(before: &App, after: &App) -> io::Result<Difference> {
    let mut old: BTreeMap<String, FunctionReport> = named(before);
    let mut difference = Difference { app: facts_changed(before, after), ..Difference::default() };
    for new in report::functions(after) {
        let Some(old) = old.remove(&new.name) else {
            difference.added.push(new);
            continue;
        };
        let (was, is) = (&before.functions[&new.name], &after.functions[&new.name]);
        let shared = before.usher.share_instance != after.usher.share_instance;
        let authority = shared || !old.has_authority_of(&new);
        let changed = Changed {
            code: code::digest(before, was)? != code::digest(after, is)?,
            budget: was.budget != is.budget,
            authority: authority.then(|| (old.lines(), new.lines())),
            name: new.name,
        };
        if changed.code || changed.budget || changed.authority.is_some() {
            difference.changed.push(changed);
        }
    }
    difference.removed.extend(old.into_values());
    Ok(difference)
}

fn named(app: &App) -> BTreeMap<String, FunctionReport> {
    report::functions(app).into_iter().map(|report| (report.name.clone(), report)).collect()
}

impl Difference {
    pub(super) fn text(&self) -> String {
        let mut lines = Vec::new();
        for (what, before, after) in &self.app {
            lines.extend([format!("~ {what}"), format!("    before: {before}"), format!("    after:  {after}")]);
        }
        lines.extend(self.added.iter().map(|function| format!("+ added: {}", function.text())));
        lines.extend(self.removed.iter().map(|function| format!("- removed: {}", function.text())));
        for changed in &self.changed {
            let what = [(changed.code, "code"), (changed.budget, "budget"), (changed.authority.is_some(), "authority")];
            let what: Vec<&str> = what.iter().filter(|(changed, _)| *changed).map(|(_, what)| *what).collect();
            lines.push(format!("~ {}: {} changed", changed.name, what.join(", ")));
            if let Some((before, after)) = &changed.authority {
                lines.extend(before.iter().map(|line| format!("    before: {line}")));
                lines.extend(after.iter().map(|line| format!("    after:  {line}")));
            }
        }
        if lines.is_empty() {
            lines.push("no function was added, removed or changed, and none can touch more or less".to_owned());
        }
        lines.join("\n")
    }

    pub(super) fn json(&self) -> Value {
        let app =
            self.app.iter().map(|(what, before, after)| json!({ "what": what, "before": before, "after": after }));
        let changed = self.changed.iter().map(|changed| {
            json!({
                "name": changed.name,
                "code": changed.code,
                "budget": changed.budget,
                "authority": changed.authority.as_ref().map(|(before, after)| json!({ "before": before, "after": after })),
            })
        });
        json!({
            "app": app.collect::<Vec<_>>(),
            "added": self.added.iter().map(FunctionReport::json).collect::<Vec<_>>(),
            "removed": self.removed.iter().map(FunctionReport::json).collect::<Vec<_>>(),
            "changed": changed.collect::<Vec<_>>(),
        })
    }
}

fn facts_changed(before: &App, after: &App) -> Vec<(String, String, String)> {
    let (mut old, new) = (facts(before), facts(after));
    let mut changed = Vec::new();
    for (what, after) in new {
        let before = old.remove(&what).unwrap_or_else(|| "nothing".to_owned());
        if before != after {
            changed.push((what, before, after));
        }
    }
    changed.extend(old.into_iter().map(|(what, before)| (what, before, "nothing".to_owned())));
    // A secret may not be shown, and a value may be long.
    let values: BTreeSet<&String> = before.values.keys().filter(|name| after.values.contains_key(*name)).collect();
    for name in values {
        let (was, is) = (&before.values[name], &after.values[name]);
        let both_plain = matches!((was, is), (AppValue::Plain(_), AppValue::Plain(_)));
        if was != is {
            let what = if both_plain { "its text" } else { "its secret" };
            changed.push((format!("the value {name}"), what.to_owned(), "another".to_owned()));
        }
    }
    changed.extend(rules_changed(&before.rules, &after.rules));
    changed
}

/// Who can become a user and what they can reach beside the functions, each fact by its name.
fn facts(app: &App) -> BTreeMap<String, String> {
    let custom = &app.custom_user_data;
    let custom_data = match custom.enabled {
        true => format!("{}.{} by the field {}", custom.database, custom.collection, custom.user_id_field),
        false => "off".to_owned(),
    };
    let origins = match &app.allowed_request_origins[..] {
        [] => "all".to_owned(),
        some => some.join(", "),
    };
    [
        ("custom user data", custom_data),
        ("the user-creation function", custom.on_user_creation.clone().unwrap_or_else(|| "none".to_owned())),
        ("how users log in", providers(&app.providers).join(", ")),
        ("browsers' origins", origins),
        ("what goes for every function", always(app)),
    ]
    .into_iter()
    .map(|(what, fact)| (what.to_owned(), fact))
    .collect()
}

fn providers(providers: &Providers) -> Vec<&'static str> {
    let userpass = providers.local_userpass.as_ref().map(|config| match config.confirmation {
        Confirmation::Automatic => "local-userpass, confirmed at once",
        Confirmation::Function(_) => "local-userpass, confirmed by a function",
        Confirmation::Mail(_) => "local-userpass",
    });
    providers.enabled().filter(|name| *name != "local-userpass").chain(userpass).collect()
}

/// Rules and schemas that are not what they were, each with what there was and is.
fn rules_changed(before: &RuleBook, after: &RuleBook) -> Vec<(String, String, String)> {
    let mut changed = Vec::new();
    for source in before.collections.keys().chain(after.collections.keys()).collect::<BTreeSet<_>>() {
        let of_source = |book: &RuleBook| book.collections.get(source).cloned().unwrap_or_default();
        let (old, new) = (of_source(before), of_source(after));
        for name in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (was, is) = (old.get(name).cloned().unwrap_or_default(), new.get(name).cloned().unwrap_or_default());
            let place = format!("{}.{} in {source}", name.0, name.1);
            changed.extend(one_changed(format!("the rules of {place}"), was.rules.as_ref(), is.rules.as_ref()));
            changed.extend(one_changed(format!("the schema of {place}"), was.schema.as_ref(), is.schema.as_ref()));
        }
    }
    for source in before.defaults.keys().chain(after.defaults.keys()).collect::<BTreeSet<_>>() {
        let what = format!("the default rules of {source}");
        changed.extend(one_changed(what, before.defaults.get(source), after.defaults.get(source)));
    }
    changed
}

fn one_changed<T: PartialEq>(what: String, was: Option<T>, is: Option<T>) -> Option<(String, String, String)> {
    let before = if was.is_some() { "its text" } else { "none" };
    let after = if is.is_some() { "another" } else { "none" };
    (was != is).then(|| (what, before.to_owned(), after.to_owned()))
}
