//! Deletes the caller's custom data, then the caller with every session.

use usher_sdk::prelude::*;

#[usher_sdk::function]
fn delete_my_account_and_data() -> Result<()> {
    custom_data::<Document>()?.delete_many(doc! {})?;
    account::delete()
}
