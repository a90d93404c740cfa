//! The attribute behind `#[usher_sdk::function]`.

mod expand;
mod signature;

use proc_macro::TokenStream;

/// Makes an ordinary function the one that this component runs.
///
/// Each parameter is one argument of the call, read by serde: a missing or `null` last argument is `None` for an
/// `Option`, anything else that does not fit ends the call with an error that names the argument. A single
/// parameter of type `Arguments` takes them all, as they are. The function returns any value that serde can write,
/// or a `Result` of one whose error converts into `usher_sdk::Error`; the attribute knows a `Result` by its name.
/// To the caller `()` is `undefined` and `None` is `null`.
///
/// A component holds one function, so a crate has this attribute once.
#[proc_macro_attribute]
pub fn function(attribute: TokenStream, item: TokenStream) -> TokenStream {
    expand::function(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
