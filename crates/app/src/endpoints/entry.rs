//! What endpoints and webhooks have in common.

use std::sync::Arc;

use usher_rules::Expression;

use crate::json::{Fields, Node};
use crate::names::{near, quote};
use crate::rules;
use crate::secrets::{Secrets, variable};
use crate::{Endpoint, Method, RunAs, Shape, Validation};

const METHODS: &[(&str, Option<Method>)] = &[
    ("GET", Some(Method::Get)),
    ("POST", Some(Method::Post)),
    ("PUT", Some(Method::Put)),
    ("PATCH", Some(Method::Patch)),
    ("DELETE", Some(Method::Delete)),
    ("HEAD", Some(Method::Head)),
    ("*", None),
    ("ANY", None),
];
const VALIDATIONS: &[&str] = &["NO_VALIDATION", "SECRET_AS_QUERY_PARAM", "VERIFY_PAYLOAD"];

/// The switches of an entry.
pub(super) struct Entry {
    respond_result: bool,
    shape: Shape,
    fetch_custom_user_data: bool,
    create_user_on_auth: bool,
    can_evaluate: Option<Arc<Expression>>,
    disabled: bool,
}

impl Entry {
    /// `shape` is for an entry that names none.
    pub(super) fn read(fields: Fields<'_>, shape: Shape) -> Self {
        Self {
            respond_result: fields.flag("respond_result"),
            shape: self::shape(fields).unwrap_or(shape),
            fetch_custom_user_data: fields.flag("fetch_custom_user_data"),
            create_user_on_auth: fields.flag("create_user_on_auth"),
            can_evaluate: rules::can_evaluate(fields),
            disabled: fields.flag("disabled"),
        }
    }

    pub(super) fn endpoint(
        self,
        route: &str,
        service: Option<&str>,
        method: Option<Method>,
        function: &str,
        validation: Validation,
        run_as: RunAs,
    ) -> Endpoint {
        Endpoint {
            route: route.to_owned(),
            service: service.map(str::to_owned),
            method,
            function: function.to_owned(),
            validation,
            respond_result: self.respond_result,
            shape: self.shape,
            fetch_custom_user_data: self.fetch_custom_user_data,
            create_user_on_auth: self.create_user_on_auth,
            run_as,
            can_evaluate: self.can_evaluate,
            disabled: self.disabled,
        }
    }
}

fn shape(fields: Fields<'_>) -> Option<Shape> {
    let node = fields.get("return_type").filter(|node| !node.is_empty())?;
    match node.text()? {
        "JSON" => Some(Shape::Json),
        "EJSON" => Some(Shape::Ejson),
        other => {
            node.mistake(format!("{} is not a type of result", quote(other)), "write \"JSON\" or \"EJSON\"");
            None
        }
    }
}

/// The method that an entry names; the inner `None` is for any, the outer a mistake.
pub(super) fn method(node: Node<'_>) -> Option<Option<Method>> {
    let text = node.text()?;
    let method = METHODS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    if method.is_none() {
        let names: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
        node.mistake(
            format!("{} is not a method of endpoints", quote(text)),
            format!("choose from {}", names.join(", ")),
        );
    }
    method.map(|(_, method)| *method)
}

/// How a request shows that it may, with the secret that is named under one of these keys. `None` is a mistake. The
/// secret of an entry that is switched off may be missing.
pub(super) fn validation(
    fields: Fields<'_>,
    key: &str,
    secret_keys: &[&str],
    secrets: &Secrets,
    disabled: bool,
) -> Option<Validation> {
    let Some(node) = fields.get(key).filter(|node| !node.is_empty()) else {
        return Some(Validation::None);
    };
    let make: fn(String) -> Validation = match node.text()? {
        "NO_VALIDATION" => return Some(Validation::None),
        "SECRET_AS_QUERY_PARAM" => Validation::Query,
        "VERIFY_PAYLOAD" => Validation::Signature,
        other => {
            let guess = near(other, VALIDATIONS).map(|near| format!("; did you mean {}?", quote(near)));
            let message = format!("{} is not a way to validate a request{}", quote(other), guess.unwrap_or_default());
            node.mistake(message, format!("choose from {}", VALIDATIONS.join(", ")));
            return None;
        }
    };
    let named = secret_keys.iter().find_map(|key| Some((*key, fields.get(key)?))).filter(|(_, node)| !node.is_empty());
    let Some((found, named)) = named else {
        if disabled {
            return Some(make(String::new()));
        }
        let key = secret_keys.first().copied().unwrap_or_default();
        node.mistake("a secret is needed, and none is named", format!("add {}, the name of a secret", quote(key)));
        return None;
    };
    let named = named.one_or_more().first().copied().unwrap_or(named);
    // Webhooks were exported with the secret itself; what Usher's own documents say is its name.
    if found == "secret"
        && let Some(text) = named.as_text().filter(|text| secrets.get(text).is_none())
    {
        named.notice("the secret itself stands here: keep it out of version control, or write the name of a secret");
        return Some(make(text.to_owned()));
    }
    secret(named, secrets, disabled).map(make)
}

/// The text is not quoted: some wrote the secret itself in the place of its name.
fn secret(named: Node<'_>, secrets: &Secrets, disabled: bool) -> Option<String> {
    let name = named.text()?;
    match secrets.get(name) {
        Some("") => {
            named.mistake("the secret that is named here is empty", "give it a value");
            None
        }
        Some(secret) => Some(secret.to_owned()),
        None if disabled => Some(String::new()),
        None if !secrets.needed() => None,
        None => {
            let word = crate::names::is_word(name) && name.len() <= 32;
            let variable = if word { variable(name) } else { variable("<name>") };
            named.mistake(
                "the secret that is named here is not known, and no export holds it",
                format!("set {variable} in the environment, or name it in the file of --secrets"),
            );
            None
        }
    }
}
