//! Deletes the caller's custom data and tells whether there was any. The account stays.

use usher_sdk::prelude::*;

#[usher_sdk::function]
fn delete_custom_data() -> Result<bool> {
    Ok(custom_data::<Document>()?.delete_many(doc! {})? > 0)
}
