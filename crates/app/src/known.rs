//! What the names in an app's files may stand for.

use crate::data_sources::DataSources;
use crate::json::Node;
use crate::names::{near, quote};
use crate::secrets::{Secrets, variable};

/// What the names in an app's files may stand for.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) data_sources: &'a DataSources,
    /// Everything that is meant to be a function, free of mistakes or not.
    pub(crate) functions: &'a [String],
    pub(crate) secrets: &'a Secrets,
}

impl Known<'_> {
    /// The name of a function of the app; otherwise reports that there is none.
    pub(crate) fn function<'d>(&self, node: Node<'d>) -> Option<&'d str> {
        let name = node.text()?;
        if !self.has_function(name) {
            node.mistake(no_function(name, self.functions), "name a function of the app");
            return None;
        }
        Some(name)
    }

    pub(crate) fn has_function(&self, name: &str) -> bool {
        self.functions.iter().any(|known| known == name)
    }

    /// The name of a data source of the app; otherwise reports that there is none.
    pub(crate) fn data_source<'d>(&self, node: Node<'d>) -> Option<&'d str> {
        let name = node.text()?;
        if !self.data_sources.names().contains(&name) {
            node.mistake(format!("no data source is named {}", quote(name)), self.data_sources.help());
            return None;
        }
        Some(name)
    }

    /// The text of the secret that is named; otherwise reports how to give it.
    pub(crate) fn secret(&self, node: Node<'_>) -> Option<&str> {
        let name = node.text()?;
        let secret = self.secrets.get(name);
        if secret.is_none() && self.secrets.needed() {
            let help = format!("set {} in the environment, or name it in the file of --secrets", variable(name));
            node.mistake(format!("the secret {} is not known, and no export holds it", quote(name)), help);
        }
        secret
    }
}

/// That there is no function of a name, with a guess at what was meant.
pub(crate) fn no_function(name: &str, functions: &[String]) -> String {
    let known: Vec<&str> = functions.iter().map(String::as_str).collect();
    let guess = near(name, &known).map(|near| format!("; did you mean {}?", quote(near)));
    format!("no function is named {}{}", quote(name), guess.unwrap_or_default())
}
