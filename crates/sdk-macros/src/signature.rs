//! What the attribute reads from a function's signature, and what it refuses.

use quote::ToTokens;
use syn::{Error, FnArg, Ident, Pat, Result, ReturnType, Signature, Type};

/// The parts of a function that decide how it is called.
pub(crate) struct Function {
    pub(crate) name: Ident,
    pub(crate) parameters: Vec<Parameter>,
    /// The single parameter takes every argument as it is.
    pub(crate) raw: bool,
    /// The function returns a `Result`.
    pub(crate) fallible: bool,
}

/// One parameter.
pub(crate) struct Parameter {
    /// For error messages.
    pub(crate) name: String,
    pub(crate) ty: Type,
}

impl Function {
    /// # Errors
    /// Where no call could be made of the function, saying what to write instead.
    pub(crate) fn read(signature: &Signature) -> Result<Self> {
        if let Some(token) = &signature.asyncness {
            return Err(Error::new_spanned(
                token,
                "a Usher function is not async: calls to the host return when they are done",
            ));
        }
        if !signature.generics.params.is_empty() {
            return Err(Error::new_spanned(
                &signature.generics,
                "a Usher function has no generic parameters: the types of its arguments must be known",
            ));
        }
        let parameters = signature.inputs.iter().map(Parameter::read).collect::<Result<Vec<_>>>()?;
        let raw = parameters.iter().any(|parameter| named(&parameter.ty, "Arguments"));
        if raw && parameters.len() > 1 {
            return Err(Error::new_spanned(
                &signature.inputs,
                "`Arguments` takes every argument, so it must be the only parameter",
            ));
        }
        Ok(Self {
            name: signature.ident.clone(),
            parameters,
            raw,
            fallible: matches!(&signature.output, ReturnType::Type(_, ty) if named(ty, "Result")),
        })
    }
}

impl Parameter {
    fn read(argument: &FnArg) -> Result<Self> {
        let FnArg::Typed(argument) = argument else {
            return Err(Error::new_spanned(argument, "a Usher function is a free function, without `self`"));
        };
        if let Type::Reference(reference) = &*argument.ty {
            let hint = match reference.elem.to_token_stream().to_string().as_str() {
                "str" => "; write `String`",
                _ => "",
            };
            return Err(Error::new_spanned(
                reference,
                format!("the arguments of a Usher function are owned values{hint}"),
            ));
        }
        let name = match &*argument.pat {
            Pat::Ident(pattern) => pattern.ident.to_string(),
            pattern => pattern.to_token_stream().to_string(),
        };
        Ok(Self { name, ty: (*argument.ty).clone() })
    }
}

/// Whether a type's path ends in this name.
fn named(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == name))
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn reads_names_and_the_two_forms() {
        let function = Function::read(&parse_quote!(fn f(a: String, b: Option<i32>) -> Result<()>)).unwrap();
        let names: Vec<_> = function.parameters.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert!(function.fallible && !function.raw);

        let function = Function::read(&parse_quote!(fn f(all: usher_sdk::Arguments) -> i32)).unwrap();
        assert!(function.raw && !function.fallible);
    }

    #[test]
    fn refuses_what_cannot_be_called() {
        for (signature, hint) in [
            (parse_quote!(async fn f()), "not async"),
            (parse_quote!(fn f<T>(a: T)), "generic"),
            (parse_quote!(fn f(&self)), "free function"),
            (parse_quote!(fn f(a: &str)), "write `String`"),
            (parse_quote!(fn f(a: Arguments, b: i32)), "only parameter"),
        ] {
            let message = Function::read(&signature).err().map(|e| e.to_string()).unwrap_or_default();
            assert!(message.contains(hint), "{message:?} should say {hint:?}");
        }
    }
}
