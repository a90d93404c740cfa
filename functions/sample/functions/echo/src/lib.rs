//! Returns its argument, or an array of several, with every type as it came.

use usher_sdk::bson::raw::{RawArrayBuf, RawBson};
use usher_sdk::prelude::*;

#[usher_sdk::function]
fn echo(arguments: Arguments) -> RawBson {
    let mut values = arguments.to_raw();
    match values.len() {
        1 => values.remove(0),
        _ => RawBson::Array(values.into_iter().collect::<RawArrayBuf>()),
    }
}
