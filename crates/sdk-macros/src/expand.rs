//! The code that the attribute adds next to the function.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, ItemFn, Result};

use crate::signature::Function;

pub(crate) fn function(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new_spanned(attribute, "`#[usher_sdk::function]` takes no parameters"));
    }
    let item: ItemFn = syn::parse2(item)?;
    let function = Function::read(&item.sig)?;
    let body = body(&function);

    Ok(quote! {
        #item

        // A macro of this name stands at the crate's root, wherever the function does: a second function in the
        // crate is refused with the name as the reason.
        #[doc(hidden)]
        #[macro_export]
        macro_rules! a_usher_component_holds_one_function { () => {} }

        const _: () = {
            struct Component;

            impl ::usher_sdk::bindings::Guest for Component {
                fn call(
                    _name: ::std::string::String,
                    arguments: ::std::vec::Vec<u8>,
                ) -> ::std::result::Result<::std::vec::Vec<u8>, ::usher_sdk::bindings::Error> {
                    fn run(arguments: ::std::vec::Vec<u8>) -> ::usher_sdk::Result<::std::vec::Vec<u8>> {
                        #body
                    }
                    run(arguments).map_err(::std::convert::Into::into)
                }
            }

            #[cfg(target_arch = "wasm32")]
            ::usher_sdk::bindings::export!(Component with_types_in ::usher_sdk::bindings);

            // Elsewhere the crate is an ordinary one, so that its functions can be tested where they are written;
            // the function counts as used there too.
            #[cfg(not(target_arch = "wasm32"))]
            const _: fn(
                ::std::string::String,
                ::std::vec::Vec<u8>,
            ) -> ::std::result::Result<::std::vec::Vec<u8>, ::usher_sdk::bindings::Error> =
                <Component as ::usher_sdk::bindings::Guest>::call;
        };
    })
}

/// From the bytes of the arguments to the bytes of the answer.
fn body(function: &Function) -> TokenStream {
    let name = &function.name;
    let values: Vec<_> = (0..function.parameters.len()).map(|i| format_ident!("argument_{i}")).collect();
    let decode = if function.raw {
        quote! { let argument_0 = ::usher_sdk::Arguments::new(arguments)?; }
    } else {
        let names = function.parameters.iter().map(|parameter| &parameter.name);
        let types = function.parameters.iter().map(|parameter| &parameter.ty);
        quote! {
            let arguments = ::usher_sdk::Arguments::new(arguments)?;
            let mut arguments = arguments.named(&[#(#names),*])?;
            #(let #values: #types = arguments.next()?;)*
        }
    };
    let call = quote! { #name(#(#values),*) };
    let value = if function.fallible {
        quote! { #call.map_err(|error| -> ::usher_sdk::Error { ::std::convert::Into::into(error) })? }
    } else {
        call
    };
    quote! {
        #decode
        let value = #value;
        ::usher_sdk::answer(&value)
    }
}
