//! `cargo xtask demo`: Usher on the sample app, driven by realm-web.

mod server;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::setup;
use crate::workspace::{build_usher, root, status};
use server::Server;

/// Where the demo listens when nobody else does.
const ADDRESS: &str = "127.0.0.1:3000";
const APP: &str = "functions/sample";

/// Sets up, starts Usher, drives it; then ends, or stays up for the reader.
pub(crate) fn run(exit: bool) -> Result<ExitCode> {
    let ready = setup::for_demo()?;
    let usher = build_usher()?;
    let listen = if TcpListener::bind(ADDRESS).is_ok() {
        ADDRESS
    } else {
        "127.0.0.1:0"
    };
    eprintln!("Starting Usher on {APP}.");
    let mut server = Server::start(
        &usher,
        &root().join(APP),
        listen,
        &root().join("target/demo"),
        &ready,
    )?;

    let app = app_id(&root().join(APP))?;
    let mut script = Command::new("node");
    script
        .arg(root().join("tests/demo/demo.mjs"))
        .args([&server.url, &app])
        .env("USHER", &usher)
        .env("USHER_APP", root().join(APP))
        .env("USHER_MONGODB", &server.mongodb);
    if !status(&mut script)?.success() {
        bail!(
            "the demo failed; Usher's log {} ends with:\n{}",
            server.log.display(),
            server.tail()
        );
    }
    if exit {
        return Ok(ExitCode::SUCCESS);
    }
    eprint!("{}", farewell(&server, &app));
    server.wait()?;
    Ok(ExitCode::SUCCESS)
}

/// The client app id of an app directory.
fn app_id(app: &Path) -> Result<String> {
    for name in ["realm_config.json", "root_config.json"] {
        let Ok(text) = std::fs::read_to_string(app.join(name)) else {
            continue;
        };
        let config: serde_json::Value = serde_json::from_str(&text)?;
        return config["app_id"]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("{name} has no app_id"));
    }
    bail!(
        "{} holds neither realm_config.json nor root_config.json",
        app.display()
    )
}

/// What a reader may try while it runs.
fn farewell(server: &Server, app: &str) -> String {
    let (url, mongodb) = (&server.url, &server.mongodb);
    format!(
        "
Usher stays up at {url}. Ctrl-C stops it and discards its data.

From Node or a browser, with npm's realm-web:
  const app = new Realm.App({{ id: \"{app}\", baseUrl: \"{url}\" }});
  const user = await app.logIn(Realm.Credentials.anonymous());
  user.customData

From the command line, as the operator:
  export USHER_MONGODB='{mongodb}'
  target/debug/usher users list --app {APP}
  target/debug/usher custom-data get eve@example.com --app {APP}
  target/debug/usher functions call get_custom_data --as eve@example.com --app {APP}

By hand:
  curl {url}/api/client/v2.0/app/{app}/location
  curl -X POST {url}/api/client/v2.0/app/{app}/auth/providers/anon-user/login

Log: {log}
",
        log = server.log.display()
    )
}
