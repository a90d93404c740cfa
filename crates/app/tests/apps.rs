//! The apps of `tests/apps`, whole exports in every layout.

use std::fs;
use std::path::{Path, PathBuf};

use usher_app::{AppValue, Loaded, Method, Occasion, Reset, RunAs, Secrets, Source, load_with};

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
    let purge = &app.functions["admin/purge"];
    assert!(purge.can_evaluate.is_some() && !purge.private);

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
        &["services/mail/config.json: not run by Usher: the service, of type \"aws\", because"],
    );
    assert_notices(
        "club-site",
        &[
            "functions/lib/dates.js: has no entry in functions/config.json, so it runs with the defaults",
            "functions/scratch.js: is not a function, since it exports nothing",
        ],
    );
    assert_notices("crew-list", &["services/mongodb-atlas/config.json:8: not run by Usher: Device Sync, because"]);
    assert_notices("field-notes", &["values/apiKey.json:3: the secret \"fieldNotesApiKey\" is not known"]);
    assert_notices("recipe-box", &[]);
    assert_notices("score-keeper", &[]);
}

/// Rules, schemas, triggers, endpoints and providers of all apps, counted by hand.
#[test]
fn everything_that_the_apps_hold_is_read() {
    let mut counts = [0; 6];
    for name in APPS {
        let app = loaded(name).app;
        let collections: Vec<_> = app.rules.collections.values().flatten().map(|(_, rules)| rules).collect();
        counts[0] += collections.iter().filter(|rules| rules.rules.as_ref().is_some_and(|it| it.has_roles())).count();
        counts[1] += collections.iter().filter(|rules| rules.schema.is_some()).count();
        counts[2] += app.rules.defaults.len();
        counts[3] += app.triggers.len();
        counts[4] += app.endpoints.len();
        counts[5] += app.functions.values().filter(|function| function.can_evaluate.is_some()).count();
    }
    assert_eq!(counts, [7, 3, 1, 2, 1, 1], "rules, schemas, default rules, triggers, endpoints, can_evaluate");

    let app = loaded("recipe-box").app;
    assert!(app.rules.rules("mongodb-atlas", "recipes", "recipes").is_some());
    assert!(app.rules.rules("mongodb-atlas", "other", "other").is_some(), "the default rules");
    assert_eq!(app.providers.local_userpass.unwrap().reset, Reset::Function("resetPassword".into()));
    let app = loaded("score-keeper").app;
    let latest = &app.endpoints[0];
    assert_eq!((latest.service.as_deref(), latest.route.as_str()), (Some("results"), "latest"));
    assert_eq!((latest.method, &latest.run_as, latest.respond_result), (Some(Method::Get), &RunAs::System, true));
    assert!(app.functions[&latest.function].private);
    let nightly = &app.triggers["nightly"];
    assert!(nightly.disabled && matches!(&nightly.occasion, Occasion::Scheduled(it) if it.schedule == "0 3 * * *"));
}
