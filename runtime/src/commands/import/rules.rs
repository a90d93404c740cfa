//! Collections that an app has rules or schemas for.

use usher_app::App;

/// A collection by its name in the app.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub(super) data_source: String,
    pub(super) database: String,
    pub(super) collection: String,
}

/// Those of an app, in order.
pub(super) fn collections(app: &App) -> Vec<Named> {
    let of_source = app.rules.collections.iter().flat_map(|(data_source, collections)| {
        collections.keys().map(|(database, collection)| Named {
            data_source: data_source.clone(),
            database: database.clone(),
            collection: collection.clone(),
        })
    });
    of_source.collect()
}
