//! Which names of databases and collections `usher.json` can hold. The app directory's own check says it in full; this
//! one keeps a proposal from holding what that would refuse.

/// MongoDB's limit on `database.collection`, in bytes.
const NAMESPACE_BYTES: usize = 255;
const DATABASE_BYTES: usize = 63;
const RESERVED: &[&str] = &["admin", "local", "config", usher_app::SYSTEM_DATABASE];
const REFUSED: &[char] = &['/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?'];

pub(super) fn is_database(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= DATABASE_BYTES
        && !RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
        && !name.contains(|c: char| REFUSED.contains(&c) || c.is_control())
}

pub(super) fn is_collection(database: &str, name: &str) -> bool {
    !name.is_empty()
        // It would be read as "every collection".
        && name != "*"
        && !name.starts_with("system.")
        && !name.contains(".system.")
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains(|c: char| c == '$' || c.is_control())
        && database.len() + 1 + name.len() <= NAMESPACE_BYTES
}
