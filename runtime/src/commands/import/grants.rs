//! From what an app's functions use to grants of just that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use url::Url;
use usher_app::{App, DataGrant, HttpGrant, Source, UsherConfig};
use usher_contract::Operations;
use usher_js::{CollectionUse, Scan};

use super::rules::{self, Named};
use super::sources::{closure, inline_closure};
use super::together::together;
use super::{names, operations};

/// What `usher.json` should say, and what a person should look at.
pub(crate) struct Proposal {
    pub(crate) config: UsherConfig,
    pub(crate) warnings: Vec<Warning>,
}

/// A place where reading the source was not enough.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Warning {
    file: String,
    /// From 1; none where it is about the file as a whole.
    line: Option<u32>,
    message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.message),
            None => write!(f, "{}: {}", self.file, self.message),
        }
    }
}

/// The source, database and collection of a grant; no collection stands for all of the database.
type Key = (String, String, Option<String>);

/// A function's sources and what each uses.
pub(super) struct Used {
    pub(super) function: String,
    pub(super) scans: Vec<(String, Scan)>,
}

/// The grants that an app needs, by what its JavaScript functions, its rules and its custom user data name.
pub(crate) fn grants(app: &App) -> Proposal {
    let mut used = Vec::new();
    let mut warnings = BTreeSet::new();
    for function in app.functions.values() {
        let (file, closure) = match &function.source {
            Source::JavaScript(file) => {
                let name = file.strip_prefix(&app.directory).unwrap_or(file).display().to_string();
                (name, closure(&app.directory, file))
            }
            Source::Inline { file, source } => (file.clone(), inline_closure(&app.directory, file, source)),
            Source::Component(_) | Source::Crate(_) => continue,
        };
        warnings.extend(closure.problems.into_iter().map(|problem| Warning {
            file: file.clone(),
            line: None,
            message: format!("no grants were found in it: {problem}"),
        }));
        used.push(Used { function: function.name.clone(), scans: closure.scans });
    }
    let mut proposal = propose(app, &used, &rules::collections(app));
    proposal.warnings.extend(warnings);
    proposal.warnings.sort();
    proposal
}

/// As [`grants`], from what was read.
pub(super) fn propose(app: &App, used: &[Used], ruled: &[Named]) -> Proposal {
    let mut found = Found::new(app, databases(app, used, ruled));
    let groups = together(app, used);
    for Used { function, scans } in used {
        for member in groups.get(function).into_iter().flatten() {
            for (file, scan) in scans {
                for it in &scan.collections {
                    found.collection(member, file, it);
                }
                found.http(member, file, scan);
                for line in &scan.executes_unknown {
                    let message = "which function is called is known only at run time: what passes is copied, without \
                                   functions and live objects, unless \"share_instance\" in usher.json is true";
                    found.warn(file, *line, message.to_owned());
                }
            }
        }
    }
    let custom = &app.custom_user_data;
    let named: BTreeSet<Key> = found.grants.keys().cloned().collect();
    let mut grants = found.grants();
    let mut for_all = |data_source: &str, database: &str, collection: &str| {
        grants.push(DataGrant {
            data_source: data_source.to_owned(),
            database: database.to_owned(),
            collection: Some(collection.to_owned()),
            operations: Operations::ALL,
            functions: Vec::new(),
        });
    };
    let usable = |it: &&Named| {
        app.data_sources.contains(&it.data_source)
            && names::is_database(&it.database)
            && names::is_collection(&it.database, &it.collection)
    };
    for Named { data_source, database, collection } in ruled.iter().filter(usable) {
        let key = (data_source.clone(), database.clone(), Some(collection.clone()));
        let is_custom = custom.enabled && *database == custom.database && *collection == custom.collection;
        if !named.contains(&key) && !is_custom {
            for_all(data_source, database, collection);
        }
    }
    // Every function reaches custom data: a user's call the user's own document, the system's call all of it.
    if custom.enabled {
        let is_custom = |grant: &DataGrant| {
            grant.database == custom.database && grant.collection.as_ref() == Some(&custom.collection)
        };
        let mut sources: BTreeSet<String> =
            grants.iter().filter(|grant| is_custom(grant)).map(|grant| grant.data_source.clone()).collect();
        sources.extend(app.data_sources.first().filter(|_| sources.is_empty()).cloned());
        grants.retain(|grant| !is_custom(grant));
        grants.extend(sources.into_iter().map(|data_source| DataGrant {
            data_source,
            database: custom.database.clone(),
            collection: Some(custom.collection.clone()),
            operations: Operations::ALL,
            functions: Vec::new(),
        }));
    }
    Proposal {
        config: UsherConfig {
            present: true,
            share_instance: app.usher.share_instance,
            http: found.http.into_iter().map(|(grant, functions)| grant.into_grant(functions)).collect(),
            grants,
            users: app.usher.users.clone(),
        },
        warnings: found.warnings.into_iter().collect(),
    }
}

/// Every database that the app names anywhere.
fn databases(app: &App, used: &[Used], ruled: &[Named]) -> BTreeSet<String> {
    let scanned = used.iter().flat_map(|used| &used.scans).flat_map(|(_, scan)| &scan.collections);
    let literal = scanned.filter_map(|it| it.database.as_ref());
    let custom = app.custom_user_data.enabled.then_some(&app.custom_user_data.database);
    let all = literal.chain(ruled.iter().map(|it| &it.database)).chain(custom);
    all.filter(|name| names::is_database(name)).cloned().collect()
}

/// An origin, in the order in which it is written.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Origin {
    host: String,
    scheme: String,
    port: u16,
}

impl Origin {
    fn into_grant(self, functions: BTreeSet<String>) -> HttpGrant {
        HttpGrant { scheme: self.scheme, host: self.host, port: self.port, functions: functions.into_iter().collect() }
    }
}

struct Found<'a> {
    app: &'a App,
    databases: BTreeSet<String>,
    /// What each function does to each collection.
    grants: BTreeMap<Key, BTreeMap<String, Operations>>,
    http: BTreeMap<Origin, BTreeSet<String>>,
    warnings: BTreeSet<Warning>,
}

impl<'a> Found<'a> {
    fn new(app: &'a App, databases: BTreeSet<String>) -> Self {
        Self { app, databases, grants: BTreeMap::new(), http: BTreeMap::new(), warnings: BTreeSet::new() }
    }

    fn warn(&mut self, file: &str, line: u32, message: String) {
        self.warnings.insert(Warning { file: file.to_owned(), line: Some(line), message });
    }

    fn collection(&mut self, function: &str, file: &str, it: &CollectionUse) {
        let known = &self.app.data_sources;
        let sources = match &it.data_source {
            Some(name) if known.contains(name) => vec![name.clone()],
            Some(name) => {
                let message = format!(
                    "the app has no data source \"{name}\", so nothing was granted; there are: {}",
                    known.join(", ")
                );
                return self.warn(file, it.line, message);
            }
            None => known.clone(),
        };
        let databases: Vec<String> = match &it.database {
            Some(name) => vec![name.clone()],
            None => self.databases.iter().cloned().collect(),
        };
        let refused = databases.iter().find(|database| {
            let collection = it.collection.as_ref();
            !names::is_database(database) || collection.is_some_and(|name| !names::is_collection(database, name))
        });
        if let Some(database) = refused {
            let name = it.collection.as_deref().unwrap_or("*");
            let message = format!("the collection {name:?} of the database {database:?} cannot be granted");
            return self.warn(file, it.line, message);
        }
        self.warn_of_dynamic(file, it, &databases);
        // Who writes reads too: an update answers what it matched.
        let done = Operations { read: true, ..it.operations.unwrap_or(Operations::ALL) };
        for source in sources {
            for database in &databases {
                let key = (source.clone(), database.clone(), it.collection.clone());
                let of = self.grants.entry(key).or_default().entry(function.to_owned()).or_insert(done);
                *of = Operations {
                    read: true,
                    insert: of.insert || done.insert,
                    update: of.update || done.update,
                    delete: of.delete || done.delete,
                };
            }
        }
    }

    /// Says where a name is known only at run time, and what was granted in its place.
    fn warn_of_dynamic(&mut self, file: &str, it: &CollectionUse, databases: &[String]) {
        let granted = match (&it.database, &it.collection) {
            (Some(_), Some(_)) => return,
            (Some(database), None) => format!("every collection of the database {database}"),
            (None, _) if databases.is_empty() => {
                let message =
                    "the database is known only at run time, and the app names none: nothing was granted; add \
                               a grant to usher.json"
                        .to_owned();
                return self.warn(file, it.line, message);
            }
            (None, Some(collection)) => format!("the collection {collection} of {}", databases.join(", ")),
            (None, None) => format!("every collection of {}", databases.join(", ")),
        };
        let what = match (&it.database, &it.collection) {
            (Some(_), _) => "the collection",
            (None, Some(_)) => "the database",
            (None, None) => "the database and the collection",
        };
        let are = if it.database.is_none() && it.collection.is_none() { "are" } else { "is" };
        let message = format!("{what} {are} known only at run time: granted is {granted}; narrow it in usher.json");
        self.warn(file, it.line, message);
    }

    fn http(&mut self, function: &str, file: &str, scan: &Scan) {
        for request in &scan.http {
            let Some(text) = &request.origin else {
                let message = "where this request goes is known only at run time: nothing was granted; add the origin \
                               to \"http\" in usher.json";
                self.warn(file, request.line, message.to_owned());
                continue;
            };
            match origin(text) {
                Some(origin) => {
                    self.http.entry(origin).or_default().insert(function.to_owned());
                }
                None => self.warn(file, request.line, format!("{text:?} is not an origin: nothing was granted")),
            }
        }
        // Sources that hand `context.http` on, and URLs outside of requests.
        for text in &scan.http_hosts {
            if let Some(origin) = origin(text) {
                self.http.entry(origin).or_default().insert(function.to_owned());
            }
        }
        if scan.uses_context_http && scan.http.is_empty() {
            self.warnings.insert(Warning {
                file: file.to_owned(),
                line: None,
                message: "it uses context.http, and not where it can be seen: add origins to \"http\" in usher.json"
                    .to_owned(),
            });
        }
    }

    /// The grants, with functions that do the same to a collection together.
    fn grants(&self) -> Vec<DataGrant> {
        let mut grants = Vec::new();
        for ((data_source, database, collection), functions) in &self.grants {
            let mut alike: BTreeMap<Vec<&str>, (Operations, Vec<String>)> = BTreeMap::new();
            for (function, done) in functions {
                alike.entry(operations(*done)).or_insert((*done, Vec::new())).1.push(function.clone());
            }
            grants.extend(alike.into_values().map(|(operations, functions)| DataGrant {
                data_source: data_source.clone(),
                database: database.clone(),
                collection: collection.clone(),
                operations,
                functions,
            }));
        }
        grants
    }
}

fn origin(text: &str) -> Option<Origin> {
    let url = Url::parse(text).ok().filter(|url| ["http", "https"].contains(&url.scheme()))?;
    let host = url.host_str()?.to_ascii_lowercase();
    Some(Origin { host, scheme: url.scheme().to_owned(), port: url.port_or_known_default()? })
}

#[cfg(test)]
mod tests;
