//! The apps of `tests/apps`, whole exports in every layout.

use std::fs;
use std::path::{Path, PathBuf};

use usher_app::{AppValue, Loaded, Secrets, Source, load_with};

const APPS: [&str; 6] = ["book-swap", "club-site", "crew-list", "field-notes", "recipe-box", "score-keeper"];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/apps")
}

#[allow(clippy::unwrap_used, reason = "a test")]
fn loaded(app: &str) -> Loaded {
    load_with(&directory().join(app), &Secrets::default()).unwrap()
}

/// Whether a notice begins with each of these, in their order, and there are no more.
fn assert_notices(app: &str, wanted: &[&str]) {
    let notices: Vec<String> = loaded(app).notices.iter().map(ToString::to_string).collect();
    assert_eq!(notices.len(), wanted.len(), "{app}: {notices:#?}");
    for (notice, wanted) in notices.iter().zip(wanted) {
        assert!(notice.starts_with(wanted), "{app}: {notice}\nis not\n{wanted}");
    }
}

#[test]
fn every_app_loads_and_its_functions_are_described() {
    let mut found: Vec<String> = fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    assert_eq!(found, APPS);
    let readme = fs::read_to_string(directory().join("README.md")).unwrap();
    for name in APPS {
        let app = loaded(name).app;
        let section = readme.split("\n## ").find(|section| section.starts_with(name)).unwrap();
        assert!(section.contains(&format!("(id `{}`", app.id)), "{name}: {}", app.id);
        assert!(!app.usher.present, "{name} is as it was exported");
        assert!(app.functions.len() >= 5, "{name}");
        for (function, described) in &app.functions {
            assert!(section.contains(&format!("`{function}`")), "{name}: {function}");
            let Source::JavaScript(file) = &described.source else { panic!("{name}: {function}") };
            assert!(file.is_file(), "{}", file.display());
        }
    }
}

#[test]
fn custom_user_data_and_data_sources_are_read_from_every_layout() {
    let custom = |app: &str| {
        let custom = loaded(app).app.custom_user_data;
        let place = format!("{}.{} by {}", custom.database, custom.collection, custom.user_id_field);
        (custom.enabled.then_some(place), custom.on_user_creation)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(custom("recipe-box"), (text("recipes.cooks by user_id"), text("onUserCreation")));
    assert_eq!(custom("crew-list"), (text("crew.User by _id"), text("createNewUserDocument")));
    assert_eq!(custom("book-swap"), (text("swap.readers by userId"), None));
    assert_eq!(custom("score-keeper"), (None, None));
    assert_eq!(loaded("club-site").app.data_sources, ["Cluster0"]);
    assert_eq!(loaded("score-keeper").app.data_sources, ["mongodb-atlas"]);
}

#[test]
fn an_app_with_values_has_those_whose_secrets_are_known() {
    let app = loaded("field-notes").app;
    assert_eq!(app.values.keys().collect::<Vec<_>>(), ["greeting", "note limits"]);
    assert_eq!((app.environment.tag.as_str(), &app.environment.values["bucket"]), ("production", &"notes-live".into()));
    assert!(app.functions["admin/purge"].private, "its rule is not evaluated");

    let secrets = tempfile::NamedTempFile::new().unwrap();
    fs::write(secrets.path(), "{\"fieldNotesApiKey\": \"12345678\"}").unwrap();
    let secrets = Secrets::from_file(secrets.path()).unwrap();
    let app = load_with(&directory().join("field-notes"), &secrets).unwrap().app;
    assert_eq!(app.values["apiKey"], AppValue::Secret("12345678".into()));
}

#[test]
fn what_is_not_run_is_told_file_by_file() {
    assert_notices(
        "book-swap",
        &[
            "data_sources/mongodb-atlas/swap/books/rules.json: not run by Usher: rules, because",
            "services/mail/config.json: not run by Usher: the service, of type \"aws\", because",
        ],
    );
    assert_notices(
        "club-site",
        &[
            "data_sources/Cluster0/club/members/rules.json: not run by Usher: rules, because",
            "functions/lib/dates.js: has no entry in functions/config.json, so it runs with the defaults",
            "functions/scratch.js: is not a function, since it exports nothing",
        ],
    );
    assert_notices(
        "crew-list",
        &[
            "auth_providers/local-userpass.json:9: not run by Usher: password reset, because",
            "services/mongodb-atlas/config.json:8: not run by Usher: Device Sync, because",
            "services/mongodb-atlas/rules/crew.User.json: not run by Usher: rules, because",
            "services/mongodb-atlas/rules/crew.User.json: not run by Usher: schema validation, because",
        ],
    );
    assert_notices(
        "field-notes",
        &[
            "data_sources/mongodb-atlas/field/notes/rules.json: not run by Usher: rules, because",
            "functions/config.json:28: not run by Usher: \"can_evaluate\", because",
            "values/apiKey.json:3: the secret \"fieldNotesApiKey\" is not known",
        ],
    );
    assert_notices(
        "recipe-box",
        &[
            "auth/providers.json:19: not run by Usher: password reset, because",
            "data_sources/mongodb-atlas/default_rule.json: not run by Usher: rules, because",
            "data_sources/mongodb-atlas/recipes/recipes/rules.json: not run by Usher: rules, because",
            "data_sources/mongodb-atlas/recipes/recipes/schema.json: not run by Usher: schema validation, because",
        ],
    );
    assert_notices(
        "score-keeper",
        &[
            "services/mongodb-atlas/rules/scores.games.json: not run by Usher: rules, because",
            "services/mongodb-atlas/rules/scores.games.json: not run by Usher: schema validation, because",
            "services/results/config.json: not run by Usher: the service, of type \"http\", because",
            "services/results/incoming_webhooks/latest/config.json: not run by Usher: the webhook, because",
        ],
    );
}
