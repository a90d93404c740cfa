//! `metadata_fields`: what of a token or profile becomes data of the user (reference 7.7).

use crate::MetadataField;
use crate::json::{Fields, Node};
use crate::names::quote;

const KEYS: &[&str] = &["name", "field_name", "required"];

/// What a field's `name` is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// One key.
    Plain,
    /// The keys that lead to a member, with dots between them; a dot in a key is written `\.`.
    Paths,
}

pub(super) fn read(provider: Fields<'_>, names: Names) -> Vec<MetadataField> {
    let nodes = provider.get("metadata_fields").and_then(Node::array).unwrap_or_default();
    nodes.into_iter().filter_map(|node| field(node, names)).collect()
}

fn field(node: Node<'_>, names: Names) -> Option<MetadataField> {
    let fields = node.object()?;
    fields.refuse_misspelt(KEYS);
    let named = fields.required("name")?;
    let name = named.text()?;
    let path = if names == Names::Paths { path(name) } else { vec![name.to_owned()] };
    if path.iter().any(String::is_empty) {
        let message = format!("{} names no member of a token", quote(name));
        named.mistake(message, "write the keys that lead to it, with dots between them; \"\\\\.\" for a dot in a key");
        return None;
    }
    // Without a name of its own, that of the member.
    let own = fields.text("field_name").map(str::to_owned).or_else(|| path.last().cloned())?;
    if own.starts_with('$') || own.contains('\0') {
        let message = format!("{} cannot name a field of a user's data", quote(&own));
        node.mistake(message, "give another \"field_name\"");
        return None;
    }
    Some(MetadataField { required: fields.flag("required"), path, name: own })
}

/// The keys of a path.
fn path(name: &str) -> Vec<String> {
    let mut keys = vec![String::new()];
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = letter == '\\' && matches!(letters.peek(), Some('.' | '\\'));
        let letter = if escaped { letters.next().unwrap_or(letter) } else { letter };
        match (letter, escaped, keys.last_mut()) {
            ('.', false, _) => keys.push(String::new()),
            (_, _, Some(key)) => key.push(letter),
            (_, _, None) => {}
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn dots_part_keys_unless_they_are_escaped() {
        assert_eq!(path("email"), ["email"]);
        assert_eq!(path("meta.address.city"), ["meta", "address", "city"]);
        assert_eq!(path(r"https://example\.com/roles.admin"), ["https://example.com/roles", "admin"]);
        assert_eq!(path(r"a\\.b\c"), [r"a\", r"b\c"]);
        assert_eq!(path("a..b"), ["a", "", "b"]);
    }
}
