//! The names that an app may give, and guesses at misspelt ones.

use usher_contract::{is_reserved_database, limits};

use crate::json::Node;

/// MongoDB's limit on the name of a database, in bytes.
const DATABASE_NAME_BYTES: usize = 63;
/// MongoDB's limit on `database.collection`, in bytes.
const NAMESPACE_BYTES: usize = 255;
/// Characters that MongoDB keeps out of the names of databases on one platform or another.
const DATABASE_NAME_REFUSED: &[char] = &['/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0'];

pub(crate) const FUNCTION_NAME_HELP: &str =
    "use letters, digits, \"_\" and \"-\", with \"/\" between folders, at most 64 characters in all";

/// Whether a function may have this name.
pub(crate) fn is_function_name(name: &str) -> bool {
    name.len() <= limits::FUNCTION_NAME_CHARS && name.split('/').all(is_word)
}

/// Whether it consists of letters, digits, `_` and `-`.
pub(crate) fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

/// The name of a database that an app may use; otherwise reports what is wrong with it.
pub(crate) fn database(node: Node<'_>) -> Option<&str> {
    let name = node.text()?;
    let Some(problem) = database_problem(name) else { return Some(name) };
    node.mistake(problem, "name a database of the app's own");
    None
}

/// Whether an app may use a database of this name.
pub fn is_database(name: &str) -> bool {
    database_problem(name).is_none()
}

fn database_problem(name: &str) -> Option<String> {
    Some(if name.is_empty() {
        "the name of the database is empty".to_owned()
    } else if is_reserved_database(name) {
        format!("the database {} is not for apps", quote(name))
    } else if let Some(refused) = name.chars().find(|c| DATABASE_NAME_REFUSED.contains(c) || c.is_control()) {
        format!("the name of a database cannot hold {refused:?}: {}", quote(name))
    } else if name.len() > DATABASE_NAME_BYTES {
        format!("the name of a database has at most {DATABASE_NAME_BYTES} bytes: {}", quote(name))
    } else {
        return None;
    })
}

/// The name of a collection of `database` that an app may use; otherwise reports what is wrong with it.
pub(crate) fn collection<'d>(node: Node<'d>, database: Option<&str>) -> Option<&'d str> {
    let name = node.text()?;
    let Some(problem) = collection_problem(name, database) else { return Some(name) };
    node.mistake(problem, "name a collection of the app's own");
    None
}

/// Whether an app may use a collection of this name in a database.
pub fn is_collection(database: &str, name: &str) -> bool {
    collection_problem(name, Some(database)).is_none()
}

fn collection_problem(name: &str, database: Option<&str>) -> Option<String> {
    Some(if name.is_empty() {
        "the name of the collection is empty".to_owned()
    } else if name.starts_with("system.") || name.contains(".system.") {
        format!("the collection {} is not for apps", quote(name))
    } else if let Some(refused) = name.chars().find(|c| *c == '$' || c.is_control()) {
        format!("the name of a collection cannot hold {refused:?}: {}", quote(name))
    } else if name.starts_with('.') || name.ends_with('.') {
        format!("the name of a collection cannot start or end with a dot: {}", quote(name))
    } else if database.map_or(0, |database| database.len() + 1) + name.len() > NAMESPACE_BYTES {
        format!("database and collection have at most {NAMESPACE_BYTES} bytes together: {}", quote(name))
    } else {
        return None;
    })
}

/// The name of a top-level field that holds a user's id; otherwise reports what is wrong with it.
pub(crate) fn id_field(node: Node<'_>) -> Option<&str> {
    let name = node.text()?;
    let top_level = !name.is_empty() && !name.starts_with('$') && !name.contains(['.', '\0']);
    if !top_level {
        node.mistake(
            format!("{} cannot be the field of the user's id", quote(name)),
            "name a top-level field: not empty, no dot, no \"$\" at the start",
        );
    }
    top_level.then_some(name)
}

/// The address of a service that is trusted for its answers; otherwise reports what is wrong with it. Without TLS it has
/// to be on this machine.
pub(crate) fn service_address(node: Node<'_>) -> Option<&str> {
    let text = node.text()?;
    let address = url::Url::parse(text).ok();
    let local = |url: &url::Url| match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let trusted = |url: &url::Url| match url.scheme() {
        "https" => url.has_host(),
        "http" => local(url),
        _ => false,
    };
    if !address.as_ref().is_some_and(trusted) {
        let message = format!("{} is not the address of a service", quote(text));
        node.mistake(message, "write an address that begins https://; http:// is for services on this machine only");
        return None;
    }
    Some(text)
}

/// The known name that was probably meant.
pub(crate) fn near<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    // No known name is longer than this, and the distance takes time in proportion to both lengths.
    if name.len() > 2 * limits::FUNCTION_NAME_CHARS {
        return None;
    }
    let name = name.to_ascii_lowercase();
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &known.to_ascii_lowercase()), *known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// A name from a file, in quotes, without control characters and of bearable length.
pub(crate) fn quote(name: &str) -> String {
    match name.char_indices().nth(limits::FUNCTION_NAME_CHARS) {
        Some((end, _)) => format!("{:?}", format!("{}…", &name[..end])),
        None => format!("{name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn function_names() {
        for name in ["a", "utils/add", "a-b_c/D9", &"x".repeat(64)] {
            assert!(is_function_name(name), "{name}");
        }
        for name in ["", "/a", "a/", "a//b", "..", "a/../b", ".hidden", "a b", "é", "a.js", &"x".repeat(65)] {
            assert!(!is_function_name(name), "{name}");
        }
    }

    #[test]
    fn near_names() {
        assert_eq!(near("privat", &["name", "private"]), Some("private"));
        assert_eq!(near("runAsSystem", &["run_as_system"]), Some("run_as_system"));
        assert_eq!(near("nmae", &["name", "private"]), Some("name"));
        assert_eq!(near("id", &["name", "private"]), None);
        assert_eq!(near("last_modified", &["name", "private"]), None);
    }

    #[test]
    fn long_and_strange_names_are_quoted_short() {
        assert_eq!(quote("a\nb"), r#""a\nb""#);
        assert_eq!(quote(&"é".repeat(1000)).chars().count(), 64 + 1 + 2);
    }
}
