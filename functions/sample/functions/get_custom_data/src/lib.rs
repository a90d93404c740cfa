//! The caller's custom data as it is now; the access token holds it as it was at login.

use usher_sdk::prelude::*;

#[usher_sdk::function]
fn get_custom_data() -> Result<Option<Document>> {
    custom_data()?.find_one(doc! {})
}
