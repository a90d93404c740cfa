//! Which files a version has: their paths, and the hashes of their contents, which are kept once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{Binary, DateTime, doc};
use futures::TryStreamExt as _;
use futures::stream::{self, StreamExt as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use usher_database::is_duplicate_key;

use crate::error::ControlError;
use crate::files::Files;
use crate::store::Store;

/// Contents that are written at once.
const WRITERS: usize = 8;
/// How long a content without a version is left alone: the version may be about to be recorded.
const GRACE: Duration = Duration::from_secs(60 * 60);

/// One file of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) path: String,
    /// SHA-256 of the content, in hexadecimal.
    pub(crate) hash: String,
}

/// The manifest of files.
pub(crate) fn of(files: &Files) -> Vec<Entry> {
    files.iter().map(|(path, content)| Entry { path: path.to_owned(), hash: hash(content) }).collect()
}

/// What changed from one version to another: a line for each file.
pub(crate) fn difference(before: &[Entry], after: &[Entry]) -> Vec<String> {
    let index = |entries: &[Entry]| -> BTreeMap<String, String> {
        entries.iter().map(|entry| (entry.path.clone(), entry.hash.clone())).collect()
    };
    let (before, after) = (index(before), index(after));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let change = |path: &String| match (before.get(path), after.get(path)) {
        (None, _) => Some(format!("added {path}")),
        (_, None) => Some(format!("removed {path}")),
        (Some(old), Some(new)) => (old != new).then(|| format!("changed {path}")),
    };
    paths.into_iter().filter_map(change).collect()
}

impl Store {
    /// Writes the contents that `known` does not name, or says that they are in use, and gives the manifest.
    pub(crate) async fn save(&self, app: ObjectId, files: &Files, known: &[Entry]) -> Result<Vec<Entry>, ControlError> {
        let manifest = of(files);
        let known: BTreeSet<&str> = known.iter().map(|entry| entry.hash.as_str()).collect();
        let fresh: BTreeMap<&str, &Arc<[u8]>> = manifest
            .iter()
            .zip(files.iter())
            .map(|(entry, (_, content))| (entry.hash.as_str(), content))
            .filter(|(hash, _)| !known.contains(hash))
            .collect();
        let write = |(hash, content): (&str, &Arc<[u8]>)| {
            let bytes = Binary { subtype: BinarySubtype::Generic, bytes: content.to_vec() };
            let filter = doc! {"_id": id(app, hash)};
            let update = doc! {
                "$set": {"used_at": DateTime::now()},
                "$setOnInsert": {"app": app, "bytes": bytes},
            };
            async move {
                match self.contents.update_one(filter, update).upsert(true).await {
                    // Another host has just written the same.
                    Err(error) if is_duplicate_key(&error) => Ok(()),
                    outcome => outcome.map(drop),
                }
            }
        };
        let writes: Vec<_> = fresh.into_iter().map(write).collect();
        stream::iter(writes).buffer_unordered(WRITERS).try_collect::<()>().await?;
        Ok(manifest)
    }

    /// The files of a manifest; those of `known` are not read again.
    pub(crate) async fn load(
        &self,
        app: ObjectId,
        manifest: &[Entry],
        known: Option<&Files>,
    ) -> Result<Files, ControlError> {
        let mut contents: BTreeMap<String, Arc<[u8]>> =
            known.into_iter().flat_map(Files::iter).map(|(_, content)| (hash(content), Arc::clone(content))).collect();
        let missing: Vec<String> = manifest
            .iter()
            .filter(|entry| !contents.contains_key(&entry.hash))
            .map(|entry| id(app, &entry.hash))
            .collect();
        if !missing.is_empty() {
            let mut found = self.contents.find(doc! {"_id": {"$in": missing}}).await?;
            while let Some(content) = found.try_next().await? {
                contents.insert(hash(&content.bytes.bytes), content.bytes.bytes.into());
            }
        }
        let file = |entry: &Entry| {
            let content = contents.get(&entry.hash).cloned();
            let content = content.ok_or_else(|| {
                ControlError::internal(format!("the content of {} of app {app} is not in the database", entry.path))
            })?;
            Ok((entry.path.clone(), content))
        };
        manifest.iter().map(file).collect::<Result<Files, ControlError>>()
    }

    /// Removes contents that no version of an app has any more.
    pub(crate) async fn sweep(&self, app: ObjectId) -> Result<(), ControlError> {
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut keep = |files: Vec<Entry>| used.extend(files.into_iter().map(|entry| id(app, &entry.hash)));
        let mut versions = self.deployments.find(doc! {"app": app}).await?;
        while let Some(version) = versions.try_next().await? {
            keep(version.files);
        }
        if let Some(app) = self.apps.find_one(doc! {"_id": app}).await? {
            keep(app.files);
        }
        if let Some(draft) = self.drafts.find_one(doc! {"app": app}).await? {
            keep(draft.files);
        }
        let grace = i64::try_from(GRACE.as_millis()).unwrap_or(i64::MAX);
        let before = DateTime::from_millis(DateTime::now().timestamp_millis() - grace);
        let used: Vec<String> = used.into_iter().collect();
        let unused = doc! {"app": app, "_id": {"$nin": used}, "used_at": {"$lt": before}};
        self.contents.delete_many(unused).await?;
        Ok(())
    }
}

fn id(app: ObjectId, hash: &str) -> String {
    format!("{}/{hash}", app.to_hex())
}

fn hash(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_by_file() {
        let mut before = Files::default();
        before.write("functions/a.js", *b"1").unwrap();
        before.write("functions/b.js", *b"1").unwrap();
        let mut after = before.clone();
        after.write("functions/b.js", *b"2").unwrap();
        after.write("values/v.json", *b"1").unwrap();
        after.remove("functions/a.js");
        let told = difference(&of(&before), &of(&after));
        assert_eq!(told, ["removed functions/a.js", "changed functions/b.js", "added values/v.json"]);
        assert!(difference(&of(&after), &of(&after)).is_empty());
    }
}
