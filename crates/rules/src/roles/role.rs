//! Roles as they are written (reference 6.1).

use crate::expression::Node;

/// A role.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) apply_when: Node,
    pub(crate) document_filters: Permission<Node>,
    /// Of the whole document: what is said here holds for every field, whatever is said of it (reference 6.1).
    pub(crate) document: Permission<Node>,
    pub(crate) insert: Node,
    pub(crate) delete: Node,
    pub(crate) search: Node,
    /// Here and in `additional`, what the document says is left out, and what a field says is left out inside it.
    pub(crate) fields: Fields<Node>,
    /// Of top-level fields that are not among the fields.
    pub(crate) additional: Permission<Node>,
}

/// What is said about reading and writing something; `None` where nothing is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Permission<E> {
    pub(crate) read: Option<E>,
    pub(crate) write: Option<E>,
}

/// Permissions of fields, by name.
pub(crate) type Fields<E> = Vec<(String, Field<E>)>;

/// The permissions of a field and, where it says nothing itself, of those in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field<E> {
    pub(crate) own: Permission<E>,
    pub(crate) fields: Fields<E>,
}

impl Role {
    /// Whether an expression speaks of what only the user's account tells.
    pub(super) fn asks_for_account(&self) -> bool {
        let asks = |permission: &Permission<Node>| permission.any(Node::asks_for_account);
        [&self.apply_when, &self.insert, &self.delete, &self.search].into_iter().any(Node::asks_for_account)
            || [&self.document_filters, &self.document, &self.additional].into_iter().any(asks)
            || self.fields.iter().any(|(_, field)| field.any(&Node::asks_for_account))
    }
}

impl<E> Field<E> {
    fn any(&self, test: &impl Fn(&E) -> bool) -> bool {
        self.own.any(test) || self.fields.iter().any(|(_, field)| field.any(test))
    }
}

impl<E> Permission<E> {
    fn any(&self, test: impl Fn(&E) -> bool) -> bool {
        [&self.read, &self.write].into_iter().flatten().any(test)
    }
}

impl<E> Permission<E> {
    /// The same with expressions of another kind.
    pub(crate) fn map<F, X>(&self, mut map: impl FnMut(&E) -> Result<F, X>) -> Result<Permission<F>, X> {
        let mut part = |it: &Option<E>| it.as_ref().map(&mut map).transpose();
        Ok(Permission { read: part(&self.read)?, write: part(&self.write)? })
    }
}

impl<E> Permission<E> {
    /// Takes away what is said here already from what is said further inside.
    pub(crate) fn overrides(&self, inner: &mut Self) {
        inner.read.take_if(|_| self.read.is_some());
        inner.write.take_if(|_| self.write.is_some());
    }
}

/// Takes away from fields, and from those inside them, what is said around them.
pub(crate) fn override_fields<E>(around: &Permission<E>, fields: &mut Fields<E>) {
    for (_, field) in fields {
        override_fields(around, &mut field.fields);
        around.overrides(&mut field.own);
        override_fields(&field.own, &mut field.fields);
    }
}

impl<E> Field<E> {
    /// The same with expressions of another kind.
    pub(crate) fn map<F, X>(&self, map: &mut impl FnMut(&E) -> Result<F, X>) -> Result<Field<F>, X> {
        Ok(Field { own: self.own.map(&mut *map)?, fields: map_fields(&self.fields, map)? })
    }
}

/// The same fields with expressions of another kind.
pub(crate) fn map_fields<E, F, X>(
    fields: &Fields<E>,
    map: &mut impl FnMut(&E) -> Result<F, X>,
) -> Result<Fields<F>, X> {
    fields.iter().map(|(name, field)| Ok((name.clone(), field.map(map)?))).collect()
}
