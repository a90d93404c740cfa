//! The files of the sample apps.

use std::path::Path;

type Files = Vec<(&'static str, String)>;

const JAVASCRIPT: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../../templates/javascript/gitignore")),
    ("README.md", include_str!("../../../templates/javascript/README.md")),
    ("auth/custom_user_data.json", include_str!("../../../templates/javascript/auth/custom_user_data.json")),
    ("auth/providers.json", include_str!("../../../templates/javascript/auth/providers.json")),
    (
        "data_sources/mongodb-atlas/config.json",
        include_str!("../../../templates/javascript/data_sources/mongodb-atlas/config.json"),
    ),
    (
        "data_sources/mongodb-atlas/app/notes/rules.json",
        include_str!("../../../templates/javascript/data_sources/mongodb-atlas/app/notes/rules.json"),
    ),
    ("functions/config.json", include_str!("../../../templates/javascript/functions/config.json")),
    ("functions/get_profile.js", include_str!("../../../templates/javascript/functions/get_profile.js")),
    ("functions/leave_message.js", include_str!("../../../templates/javascript/functions/leave_message.js")),
    ("functions/on_user_creation.js", include_str!("../../../templates/javascript/functions/on_user_creation.js")),
    ("functions/set_nickname.js", include_str!("../../../templates/javascript/functions/set_nickname.js")),
    ("root_config.json", include_str!("../../../templates/javascript/root_config.json")),
    ("tests/messages.json", include_str!("../../../templates/javascript/tests/messages.json")),
    ("tests/users.json", include_str!("../../../templates/javascript/tests/users.json")),
    ("usher.json", include_str!("../../../templates/javascript/usher.json")),
];

/// One function of the repository's sample app, which is the sample in Rust.
macro_rules! function {
    ($name:literal, $file:literal) => {
        (
            concat!("functions/", $name, "/", $file),
            include_str!(concat!("../../../../functions/sample/functions/", $name, "/", $file)),
        )
    };
}

const RUST: &[(&str, &str)] = &[
    (".gitignore", include_str!("../../../templates/rust/gitignore")),
    ("README.md", include_str!("../../../templates/rust/README.md")),
    ("auth/custom_user_data.json", include_str!("../../../../functions/sample/auth/custom_user_data.json")),
    ("auth/providers.json", include_str!("../../../../functions/sample/auth/providers.json")),
    (
        "data_sources/mongodb-atlas/config.json",
        include_str!("../../../../functions/sample/data_sources/mongodb-atlas/config.json"),
    ),
    ("functions/Cargo.lock", include_str!("../../../../functions/sample/functions/Cargo.lock")),
    ("functions/Cargo.toml", include_str!("../../../../functions/sample/functions/Cargo.toml")),
    ("functions/config.json", include_str!("../../../../functions/sample/functions/config.json")),
    function!("delete_custom_data", "Cargo.toml"),
    function!("delete_custom_data", "src/lib.rs"),
    function!("delete_my_account_and_data", "Cargo.toml"),
    function!("delete_my_account_and_data", "src/lib.rs"),
    function!("echo", "Cargo.toml"),
    function!("echo", "src/lib.rs"),
    function!("get_custom_data", "Cargo.toml"),
    function!("get_custom_data", "src/lib.rs"),
    function!("on_user_creation", "Cargo.toml"),
    function!("on_user_creation", "src/lib.rs"),
    function!("set_custom_data", "Cargo.toml"),
    function!("set_custom_data", "src/lib.rs"),
    ("root_config.json", include_str!("../../../templates/javascript/root_config.json")),
    ("tests/users.json", include_str!("../../../templates/rust/tests/users.json")),
];

/// Where the repository's sample refers to the SDK.
const SAMPLE_SDK: &str = "\"../../../crates/sdk\"";

/// The sample with functions in JavaScript.
pub(super) fn javascript(name: &str) -> Files {
    JAVASCRIPT.iter().map(|(path, text)| (*path, named(text, name))).collect()
}

/// The sample with functions in Rust, which refer to the SDK at `sdk`.
pub(super) fn rust(name: &str, sdk: &Path) -> Files {
    let sdk = format!("{:?}", sdk.display().to_string());
    RUST.iter().map(|(path, text)| (*path, named(text, name).replace(SAMPLE_SDK, &sdk))).collect()
}

fn named(text: &str, name: &str) -> String {
    text.replace("{{name}}", name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_fill_in() {
        let rust = rust("my-app", Path::new("/usher/crates/sdk"));
        for (path, text) in javascript("my-app").iter().chain(&rust) {
            assert!(!text.contains("{{") || path.ends_with(".rs"), "{path}: {text}");
            assert!(!text.contains("../crates/sdk"), "{path}: {text}");
        }
        let manifest = rust.iter().find(|(path, _)| *path == "functions/Cargo.toml").unwrap();
        assert!(manifest.1.contains("usher-sdk = { path = \"/usher/crates/sdk\" }"), "{}", manifest.1);
    }
}
