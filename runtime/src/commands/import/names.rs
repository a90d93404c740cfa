//! Which names of databases and collections `usher.json` can hold.

pub(super) use usher_app::is_database;

pub(super) fn is_collection(database: &str, name: &str) -> bool {
    // It would be read as "every collection".
    name != "*" && usher_app::is_collection(database, name)
}
