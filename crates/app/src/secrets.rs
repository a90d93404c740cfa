//! The secrets of an app. No export holds them: they come from a file of their own and from the environment.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use usher_contract::limits;

use crate::json::{self, Fields};
use crate::report::{Mistake, Mistakes, Report};

/// What an environment variable that holds a secret begins with.
const PREFIX: &str = "USHER_SECRET_";
/// In an app directory: made by hand, for import into App Services (reference 7.7).
const FILE: &str = "secrets.json";

/// Secrets by name. Nothing prints what they are.
#[derive(Clone, Default)]
pub struct Secrets {
    file: BTreeMap<String, String>,
    /// By what follows [`PREFIX`].
    environment: BTreeMap<String, String>,
    /// Whether one that is missing is no mistake.
    unneeded: bool,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.file.keys().chain(self.environment.keys()).collect();
        f.debug_struct("Secrets").field("names", &names).finish_non_exhaustive()
    }
}

impl Secrets {
    /// Secrets from a JSON file, `{"<name>": "<secret>"}`. Names may stand in blocks of blocks, as in the
    /// `secrets.json` of App Services (`{"services": {"<service>": {"<name>": "<secret>"}}}`); the blocks' own names
    /// mean nothing.
    ///
    /// # Errors
    /// Every mistake in the file, by line; none quotes a secret.
    pub fn from_file(path: &Path) -> Result<Self, Mistakes> {
        let report = Report::default();
        let file = path.to_string_lossy();
        let mut content = Vec::new();
        let limit = limits::APP_FILE_BYTES as u64;
        let read = File::open(path).and_then(|opened| opened.take(limit + 1).read_to_end(&mut content));
        let wrong = |message: String, help: &str| Mistake { file: path.into(), line: None, message, help: help.into() };
        match read {
            Err(error) => {
                report.add(wrong(format!("cannot be read: {error}"), "name a file of secrets that Usher may read"));
            }
            Ok(bytes) if bytes as u64 > limit => {
                report.add(wrong(format!("is larger than {limit} bytes"), "keep nothing but secrets in it"));
            }
            Ok(_) => {}
        }
        let mut secrets = Self::default();
        if report.is_empty() {
            json::parse(&file, &content, &report, |node| secrets.collect(node.object()?));
        }
        report.finish()?;
        Ok(secrets)
    }

    /// These secrets, by name.
    pub fn from_map(secrets: BTreeMap<String, String>) -> Self {
        Self { file: secrets, ..Self::default() }
    }

    /// None, for a reader that runs nothing of the app: what needs a secret is left out of it, without a mistake.
    pub fn unneeded() -> Self {
        Self { unneeded: true, ..Self::default() }
    }

    /// Whether one that is missing is a mistake.
    pub(crate) fn needed(&self) -> bool {
        !self.unneeded
    }

    /// These, and those of the environment variables `USHER_SECRET_<name>`, which go before them. Where a name has
    /// characters that no variable's name should have, they may be written `_`, and the whole name in capitals: the secret
    /// `api-key` is `USHER_SECRET_API_KEY`.
    #[must_use]
    pub fn with_environment(self) -> Self {
        self.with_variables(std::env::vars_os())
    }

    fn with_variables(mut self, variables: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let secrets = variables.filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            Some((name.strip_prefix(PREFIX)?.to_owned(), value))
        });
        self.environment.extend(secrets);
        self
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let variable = variable(name);
        let environment = self.environment.get(name).or_else(|| self.environment.get(variable.strip_prefix(PREFIX)?));
        environment.or_else(|| self.file.get(name)).map(String::as_str)
    }

    /// These, and those of the app's own `secrets.json`, which come after them.
    pub(crate) fn with_app(&self, context: crate::Context<'_>) -> Self {
        let mut own = Self::default();
        json::read(context, FILE, |node| own.collect(node.object()?));
        if !own.file.is_empty() {
            let message = "holds secrets, which should not be under version control: keep them in a file outside of \
                           the app directory, or in environment variables USHER_SECRET_<name>";
            context.report.notice(FILE, None, message);
        }
        own.file.extend(self.file.clone());
        Self { environment: self.environment.clone(), unneeded: self.unneeded, ..own }
    }

    fn collect(&mut self, fields: Fields<'_>) -> Option<()> {
        for (name, node) in fields.iter() {
            match node.try_object() {
                Some(_) => self.collect(node.object()?)?,
                None => {
                    if let Some(secret) = node.secret() {
                        self.file.entry(name.to_owned()).or_insert(secret.to_owned());
                    }
                }
            }
        }
        Some(())
    }
}

/// The environment variable for a secret.
pub(crate) fn variable(name: &str) -> String {
    let letters = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    format!("{PREFIX}{}", letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_go_before_the_file() {
        let file = BTreeMap::from([("api-key".to_owned(), "file".to_owned()), ("other".to_owned(), "file".to_owned())]);
        let variables = [("USHER_SECRET_API_KEY", "large"), ("USHER_SECRET_exact.Name", "exact"), ("API_KEY", "no")];
        let variables = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        let secrets = Secrets { file, ..Secrets::default() }.with_variables(variables);
        assert_eq!(secrets.get("api-key"), Some("large"));
        assert_eq!(secrets.get("API_KEY"), Some("large"));
        assert_eq!(secrets.get("exact.Name"), Some("exact"));
        assert_eq!(secrets.get("other"), Some("file"));
        assert_eq!(secrets.get("missing"), None);
        assert!(!format!("{secrets:?}").contains("large"));
    }

    #[test]
    fn the_variable_of_a_secret_can_be_set_in_any_shell() {
        assert_eq!(variable("stripe.key-2"), "USHER_SECRET_STRIPE_KEY_2");
    }
}
