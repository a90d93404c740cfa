//! On whose behalf functions and endpoints run: `run_as_system`, `run_as_user_id`, `run_as_user_id_script_source`
//! (reference 5.1).

use crate::functions::unlisted;
use crate::json::{Fields, Node};
use crate::{Function, RunAs, Source};

/// The folder of the functions that say as whom others run.
const FOLDER: &str = "run_as";

/// On whose behalf something runs.
pub(crate) struct Authority {
    pub(crate) run_as: RunAs,
    /// The function of [`RunAs::Script`].
    pub(crate) script: Option<Function>,
}

/// What an entry says of it; nothing where it leaves that to others. `owner` is a name for what runs. `run_as_system`
/// overrides the others.
pub(crate) fn read(fields: Fields<'_>, owner: &str) -> Option<Authority> {
    let given = |key: &str| fields.get(key).filter(|node| !node.is_empty());
    let plain = |run_as| Some(Authority { run_as, script: None });
    // Each is read, so that all their mistakes are told.
    let system = fields.flag("run_as_system");
    let authed = fields.flag("run_as_authed_user");
    let user = given("run_as_user_id");
    let id = user.and_then(Node::text);
    let source = given("run_as_user_id_script_source").and_then(|node| Some((node, node.text()?)));
    match (id, source) {
        _ if system => plain(RunAs::System),
        (Some(_), Some((node, _))) => {
            let help = "remove one of the two, or leave it empty";
            node.mistake("both \"run_as_user_id\" and a script say as whom it runs", help);
            None
        }
        (Some(id), None) => plain(RunAs::User(id.to_owned())),
        (None, Some((node, source))) => {
            let script = script(node, owner, source);
            Some(Authority { run_as: RunAs::Script(script.name.clone()), script: Some(script) })
        }
        (None, None) if authed => plain(RunAs::Caller),
        (None, None) => None,
    }
}

/// The private function that answers a user's id. It runs as the system: there is nobody yet whom it could run as.
fn script(node: Node<'_>, owner: &str, source: &str) -> Function {
    let exports = source.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "exports");
    // Some exports hold the bare function. On the same line, so that errors name the right one.
    let source = if exports { source.to_owned() } else { format!("exports = {source}") };
    unlisted(format!("{FOLDER}/{owner}"), Source::Inline { file: node.file().to_owned(), source }, true)
}
