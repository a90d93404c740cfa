//! The kinds of things that an app has and the admin API lists, makes, changes and removes (reference 7.2 to 7.4): each
//! knows which files say what. What files may say is not decided here but where an app is read, when it is loaded.

mod endpoints;
mod environment;
mod functions;
mod links;
mod named;
mod providers;
mod rules;
mod schemas;
mod services;
pub mod settings;

use serde_json::{Map, Value, json};

use crate::error::ControlError;
use crate::workspace::{Workspace, text};

pub use endpoints::Endpoints;
pub use environment::EnvironmentValues;
pub use functions::Functions;
pub use named::{Named, TRIGGERS, VALUES};
pub use providers::Providers;
pub use rules::Rules;
pub use schemas::Schemas;
pub use services::Services;

/// The members of a JSON object.
pub type Members = Map<String, Value>;

/// How a kind is spoken of.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// What it is called in ids and messages, such as `function`.
    pub word: &'static str,
    /// The code for one that is not there.
    pub missing: &'static str,
    /// The code for a second one of the same key.
    pub taken: &'static str,
    /// The members that a list shows; all, where it is empty.
    pub listed: &'static [&'static str],
}

/// A kind of thing. Each thing has a key, from which its id follows.
pub trait Kind: Send + Sync {
    /// How it is spoken of.
    fn about(&self) -> About;
    /// All of them, by key.
    fn all(&self, workspace: &Workspace) -> Vec<(String, Members)>;
    /// The key that one with these members has: as a rule its name.
    ///
    /// # Errors
    /// Where members that make the key are missing or unfit.
    fn key(&self, _workspace: &Workspace, members: &Members) -> Result<String, ControlError> {
        text(members, "name").map(str::to_owned)
    }
    /// Writes one; `before` is what stood under its id until now.
    ///
    /// # Errors
    /// Where the members cannot be written.
    fn write(
        &self,
        workspace: &mut Workspace,
        key: &str,
        members: Members,
        before: Option<&Members>,
    ) -> Result<(), ControlError>;
    /// Removes one.
    ///
    /// # Errors
    /// Where the files that are left cannot be written.
    fn remove(&self, workspace: &mut Workspace, key: &str) -> Result<(), ControlError>;
    /// Whether one may get another key. Otherwise it has to be made anew.
    fn renames(&self) -> bool {
        true
    }
}

/// All of a kind, as a list shows them.
pub fn list(kind: &dyn Kind, workspace: &Workspace) -> Vec<Value> {
    kind.all(workspace).into_iter().map(|(key, members)| brief(kind, workspace, &key, members)).collect()
}

/// One in full.
///
/// # Errors
/// [`ControlError::NotFound`].
pub fn one(kind: &dyn Kind, workspace: &Workspace, id: &str) -> Result<Value, ControlError> {
    let (key, members) = find(kind, workspace, id)?;
    Ok(with_id(kind, workspace, &key, members))
}

/// Makes one, and gives it as a list shows it.
///
/// # Errors
/// [`ControlError::Invalid`], also where there is one of the same key.
pub fn create(kind: &dyn Kind, workspace: &mut Workspace, members: Members) -> Result<Value, ControlError> {
    let members = cleaned(members);
    let key = kind.key(workspace, &members)?;
    only_one(kind, workspace, &key)?;
    kind.write(workspace, &key, members.clone(), None)?;
    Ok(brief(kind, workspace, &key, members))
}

/// Puts these members in place of what one had.
///
/// # Errors
/// [`ControlError::NotFound`], [`ControlError::Invalid`].
pub fn replace(kind: &dyn Kind, workspace: &mut Workspace, id: &str, members: Members) -> Result<(), ControlError> {
    let (key, before) = find(kind, workspace, id)?;
    put(kind, workspace, &key, cleaned(members), &before)
}

/// Changes these members of one and leaves the others.
///
/// # Errors
/// [`ControlError::NotFound`], [`ControlError::Invalid`].
pub fn patch(kind: &dyn Kind, workspace: &mut Workspace, id: &str, members: Members) -> Result<(), ControlError> {
    let (key, before) = find(kind, workspace, id)?;
    let mut all = before.clone();
    all.extend(cleaned(members));
    put(kind, workspace, &key, all, &before)
}

/// Removes one.
///
/// # Errors
/// [`ControlError::NotFound`].
pub fn remove(kind: &dyn Kind, workspace: &mut Workspace, id: &str) -> Result<(), ControlError> {
    let (key, _) = find(kind, workspace, id)?;
    kind.remove(workspace, &key)
}

/// The key of the one with this id.
///
/// # Errors
/// [`ControlError::NotFound`].
pub fn key_of(kind: &dyn Kind, workspace: &Workspace, id: &str) -> Result<String, ControlError> {
    find(kind, workspace, id).map(|(key, _)| key)
}

fn put(
    kind: &dyn Kind,
    workspace: &mut Workspace,
    old: &str,
    members: Members,
    before: &Members,
) -> Result<(), ControlError> {
    let key = kind.key(workspace, &members)?;
    if key != old {
        if !kind.renames() {
            let message = format!("a {} keeps what it is named by: delete it and make another", kind.about().word);
            return Err(ControlError::invalid(message));
        }
        only_one(kind, workspace, &key)?;
        kind.remove(workspace, old)?;
    }
    kind.write(workspace, &key, members, Some(before))
}

fn find(kind: &dyn Kind, workspace: &Workspace, id: &str) -> Result<(String, Members), ControlError> {
    let found = kind.all(workspace).into_iter().find(|(key, _)| workspace.id(kind.about().word, key) == id);
    found.ok_or_else(|| ControlError::NotFound(kind.about().missing, format!("{} not found", kind.about().word)))
}

fn only_one(kind: &dyn Kind, workspace: &Workspace, key: &str) -> Result<(), ControlError> {
    if kind.all(workspace).iter().any(|(known, _)| known == key) {
        let message = format!("a {} named '{key}' exists already", kind.about().word);
        return Err(ControlError::Invalid(kind.about().taken, message));
    }
    Ok(())
}

fn brief(kind: &dyn Kind, workspace: &Workspace, key: &str, mut members: Members) -> Value {
    if !kind.about().listed.is_empty() {
        members.retain(|name, _| kind.about().listed.contains(&name.as_str()));
    }
    with_id(kind, workspace, key, members)
}

fn with_id(kind: &dyn Kind, workspace: &Workspace, key: &str, mut members: Members) -> Value {
    links::add_ids(workspace, &mut members);
    let mut all = Members::new();
    all.insert("_id".to_owned(), json!(workspace.id(kind.about().word, key)));
    all.extend(members);
    all.insert("last_modified".to_owned(), json!(workspace.modified_at));
    Value::Object(all)
}

/// What is ours to say, and not the request's.
fn cleaned(mut members: Members) -> Members {
    for name in ["_id", "id", "last_modified"] {
        members.remove(name);
    }
    members
}
