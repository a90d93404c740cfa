//! Changes the caller's custom data: only known fields, only to values of the right type. A change that is refused
//! changes nothing.

use usher_sdk::prelude::*;

#[usher_sdk::function]
fn set_custom_data(changes: Document) -> Result<()> {
    if changes.is_empty() {
        return Err(Error::new("no changes were given"));
    }
    for (field, value) in &changes {
        check(field, value)?;
    }
    let updated = custom_data::<Document>()?.update_one(doc! {}, doc! { "$set": changes })?;
    if updated.matched_count == 0 {
        return Err(Error::new("there is no custom data to change"));
    }
    Ok(())
}

fn check(field: &str, value: &Bson) -> Result<()> {
    let (fits, wanted) = match field {
        "nickname" => (
            matches!(value, Bson::Null) || value.as_str().is_some_and(|name| name.chars().count() <= 40),
            "null or a string of at most 40 characters",
        ),
        "age" => (whole_number(value).is_some_and(|age| (0..=150).contains(&age)), "a whole number from 0 to 150"),
        "newsletter" => (value.as_bool().is_some(), "true or false"),
        _ => {
            return Err(Error::new(format!("unknown field '{field}': the fields are nickname, age and newsletter")));
        }
    };
    if fits { Ok(()) } else { Err(Error::new(format!("the field '{field}' must be {wanted}"))) }
}

fn whole_number(value: &Bson) -> Option<i64> {
    match *value {
        Bson::Int32(number) => Some(number.into()),
        Bson::Int64(number) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_fields_of_the_right_type_pass() {
        for (field, value) in doc! { "nickname": "ä".repeat(40), "age": 150_i64, "newsletter": false } {
            check(&field, &value).unwrap();
        }
        check("nickname", &Bson::Null).unwrap();
    }

    #[test]
    fn anything_else_is_named() {
        let refused = doc! { "nickname": "a".repeat(41), "age": -1, "newsletter": "yes", "user_id": "somebody else" };
        for (field, value) in refused {
            assert!(check(&field, &value).unwrap_err().message().contains(&field));
        }
    }
}
