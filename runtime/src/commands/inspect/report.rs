//! A deployment as a person checks it: each function with what it can touch.

use serde_json::{Map, Value, json};
use usher_app::{App, AppValue, Function, Source};

use super::callers::callers;
use super::powers::{Mode, Powers, Rows, stronger};
use super::sentence::{list, sentence};

/// What goes for every function, so that no sentence has to repeat it.
const ALWAYS: &str = "To change documents is to insert, update, replace and delete them. As the system runs a function \
whose entry says \"run_as_system\", the user-creation function when a user is created, and any function that the system \
calls: an operator at the command line, a provider, a trigger, an endpoint or a function that runs as the system. Besides what is said of it, every \
function sees who calls and with what request, writes to the log, and may call every other function of the app.";

/// One function.
#[derive(Debug)]
pub(super) struct FunctionReport {
    pub(super) name: String,
    pub(super) language: &'static str,
    /// Who calls it.
    pub(super) callers: String,
    pub(super) modes: Vec<ModeReport>,
    /// What its code imports, where that can be read: of a component.
    pub(super) imports: Option<Vec<String>>,
}

/// What a function can touch with the grants of one side.
#[derive(Debug)]
pub(super) struct ModeReport {
    mode: Mode,
    powers: Powers,
    pub(super) sentence: String,
    /// Functions it can call that can touch more.
    stronger: Vec<String>,
}

/// Every function of an app, by name.
pub(super) fn functions(app: &App) -> Vec<FunctionReport> {
    app.functions.values().map(|function| describe(app, function)).collect()
}

fn describe(app: &App, function: &Function) -> FunctionReport {
    let modes: &[Mode] = if function.run_as_system { &[Mode::System] } else { &[Mode::Caller, Mode::System] };
    FunctionReport {
        name: function.name.clone(),
        language: match &function.source {
            Source::JavaScript(_) | Source::Inline { .. } => "JavaScript",
            Source::Crate(_) => "Rust",
            Source::Component(_) => "component",
        },
        callers: callers(app, function),
        modes: modes.iter().map(|mode| mode_report(app, function, *mode)).collect(),
        imports: match &function.source {
            Source::Component(path) => std::fs::read(path).ok().and_then(|bytes| usher_sandbox::imports(&bytes).ok()),
            Source::JavaScript(_) | Source::Inline { .. } | Source::Crate(_) => None,
        },
    }
}

fn mode_report(app: &App, function: &Function, mode: Mode) -> ModeReport {
    let powers = Powers::of(app, function, mode);
    let stronger: Vec<String> = stronger(app, function, mode).into_iter().map(str::to_owned).collect();
    let mut text = sentence(&powers);
    if app.usher.share_instance {
        text.push_str(
            ". The app's functions share instances (\"share_instance\" in usher.json), so its code can act as any of \
             them, and this counts what all of them may do",
        );
    }
    if !stronger.is_empty() {
        text.push_str(&format!(". It may call functions that can touch more: {}", list(&stronger)));
    }
    ModeReport { mode, powers, sentence: text, stronger }
}

impl FunctionReport {
    /// Whether it can touch the same as in another deployment, for the same callers. What it may call is left out: a
    /// function that can touch more than before is told itself, and every other function may call it.
    pub(super) fn has_authority_of(&self, other: &Self) -> bool {
        let same = |(one, other): (&ModeReport, &ModeReport)| {
            one.mode == other.mode && one.powers.cover(&other.powers) && other.powers.cover(&one.powers)
        };
        self.callers == other.callers
            && self.imports == other.imports
            && self.modes.len() == other.modes.len()
            && self.modes.iter().zip(&other.modes).all(same)
    }

    /// Who calls it and what it can touch, a line each.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.callers.clone()];
        lines.extend(self.modes.iter().map(|mode| {
            let side = match (mode.mode, self.modes.len()) {
                (Mode::Caller, _) => "as its caller",
                (Mode::System, 1) => "always as the system",
                (Mode::System, _) => "as the system",
            };
            format!("{side}: {}", mode.sentence)
        }));
        match self.imports.as_deref() {
            Some([]) => lines.push("its code asks the host for nothing, so it touches nothing at all".to_owned()),
            Some(imports) => lines.push(format!("of that its code asks for: {}", list(imports))),
            None => {}
        }
        lines
    }

    pub(super) fn text(&self) -> String {
        let mut lines = vec![format!("\x1b[1m{}\x1b[0m ({})", self.name, self.language)];
        lines.extend(self.lines().into_iter().map(|line| format!("  {line}")));
        lines.join("\n")
    }

    pub(super) fn json(&self) -> Value {
        let modes: Map<String, Value> = self.modes.iter().map(ModeReport::json).collect();
        json!({ "name": self.name, "language": self.language, "callers": self.callers, "as": modes, "imports": self.imports })
    }
}

impl ModeReport {
    fn json(&self) -> (String, Value) {
        let side = if self.mode == Mode::Caller { "caller" } else { "system" };
        let access = self.powers.access.iter().map(|access| {
            let documents = match &access.rows {
                Rows::All => json!("all"),
                Rows::CustomData => json!("own"),
                Rows::Own(field) => json!({ "own": field }),
                Rows::Ruled => json!("by rules"),
            };
            json!({
                "database": access.database,
                "collection": access.collection.as_deref().unwrap_or("*"),
                "documents": documents,
                "operations": crate::commands::import::operations(access.operations),
            })
        });
        let value = json!({
            "sentence": self.sentence,
            "collections": access.collect::<Vec<_>>(),
            "http": self.powers.http,
            "delete_account": self.powers.delete_account,
            "may_call_stronger": self.stronger,
        });
        (side.to_owned(), value)
    }
}

/// What goes for every function of an app.
pub(super) fn always(app: &App) -> String {
    let (secrets, plain): (Vec<_>, Vec<_>) =
        app.values.iter().partition(|(_, value)| matches!(value, AppValue::Secret(_)));
    let names =
        |values: Vec<(&String, &AppValue)>| list(&values.into_iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let mut text = ALWAYS.to_owned();
    if !plain.is_empty() {
        text.push_str(&format!(" Every function reads the values {}.", names(plain)));
    }
    if !secrets.is_empty() {
        text.push_str(&format!(" Every function reads the secrets behind the values {}.", names(secrets)));
    }
    if !app.environment.values.is_empty() {
        let names: Vec<String> = app.environment.values.keys().cloned().collect();
        text.push_str(&format!(" Every function reads the environment's values {}.", list(&names)));
    }
    text
}
