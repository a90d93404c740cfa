//! JavaScript functions: a fresh call beside one in an instance that is kept, an echo beside bare hyper, an edit until
//! it can be called beside a compilation from nothing, the start with many functions, and what an idle one costs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bson::doc;
use bytes::Bytes;
use tempfile::TempDir;
use usher_sandbox::{Sandbox, SandboxOptions};

use crate::load::Client;
use crate::measure::{Row, in_turn, microseconds};
use crate::rpc;
use crate::sandbox::Ours;
use crate::server::Server;

const CALLS: u32 = 5_000;
/// Functions of the app that is large.
const MANY: usize = 200;
/// How often something that takes long is done.
const ROUNDS: usize = 5;

/// Asks the host twice, for what an instance that is kept would not remember either, and answers with its argument.
const ASKING: &str = "exports = async (document) => context.values.get('a') || context.values.get('b') || document;";
const ECHO: &str = "exports = (document) => document;";

fn scripts(source: &str) -> Result<Vec<u8>> {
    let function = doc! {
        "name": "echo", "file": "functions/echo.js", "source": source, "system": false, "authority": 0, "requires": {},
    };
    Ok(doc! { "functions": [function], "modules": [] }.to_vec()?)
}

/// A whole call in an instance of its own, beside the same call in an instance that is kept.
pub(crate) async fn call() -> Result<Row> {
    let sandbox = Arc::new(Sandbox::new(&SandboxOptions { concurrent_calls: 8, cache: None })?);
    let preloaded = sandbox.preload(usher_js::ENGINE, &scripts(ASKING)?).await?;
    let ours = Ours::new(sandbox, preloaded.component).await?;
    let kept = tokio::sync::Mutex::new(ours.sandbox.keep(&ours.module, ours.invocation().await?).await?);
    in_turn(
        "js-call",
        "µs",
        || async {
            let begin = Instant::now();
            for _ in 0..CALLS {
                std::hint::black_box(ours.sandbox.run(&ours.module, ours.invocation().await?).await?);
            }
            Ok(microseconds(begin.elapsed(), CALLS))
        },
        || async {
            let mut kept = kept.lock().await;
            let begin = Instant::now();
            for _ in 0..CALLS {
                std::hint::black_box(kept.call().await?);
            }
            Ok(microseconds(begin.elapsed(), CALLS))
        },
    )
    .await
}

/// An app with JavaScript functions, in a directory of its own.
struct App(TempDir);

impl App {
    fn new(functions: &[(String, String)]) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let app = Self(home);
        let write = |file: &str, text: &str| -> Result<()> {
            let path = app.directory().join(file);
            std::fs::create_dir_all(path.parent().context("a file is in a directory")?)?;
            Ok(std::fs::write(path, text)?)
        };
        write("realm_config.json", r#"{"config_version": 20210101, "app_id": "sample", "name": "sample"}"#)?;
        write(
            "auth/providers.json",
            r#"{"anon-user": {"name": "anon-user", "type": "anon-user", "disabled": false}}"#,
        )?;
        write("usher.json", "{}")?;
        let mut manifest = String::from("[");
        for (index, (name, source)) in functions.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(manifest, r#"{comma}{{"name": "{name}", "private": false}}"#)?;
            write(&format!("functions/{name}.js"), source)?;
        }
        manifest.push(']');
        write("functions/config.json", &manifest)?;
        Ok(app)
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join("app")
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn serve(&self, verb: &[&str], mongodb: Option<&str>) -> Result<Server> {
        Server::run(tempfile::tempdir()?, |usher| {
            usher.args(verb).arg(self.directory()).arg("--data").arg(self.data());
            match mongodb {
                Some(uri) => usher.args(["--mongodb", uri]),
                None => usher,
            }
        })
    }
}

/// Many functions that differ.
fn many_functions(count: usize) -> Vec<(String, String)> {
    let function = |index| {
        let body = format!("const helper = (x) => x + {index};\nexports = (x) => ({{ index: helper(0), x }});\n");
        (format!("f{index}"), body)
    };
    let echo = ("echo".to_owned(), ECHO.to_owned());
    (1..count).map(function).chain([echo]).collect()
}

/// An echo in JavaScript beside bare hyper.
pub(crate) async fn rpc() -> Result<Row> {
    let app = App::new(&many_functions(1))?;
    let server = app.serve(&["serve", "--app"], None)?;
    rpc::echo("rpc-js", &server).await
}

/// From the moment that a file is written until the new function answers, under `usher dev`; beside the same without
/// anything kept from before: scripts loaded and compiled by a process that never did.
pub(crate) async fn edit() -> Result<Row> {
    let app = App::new(&many_functions(20))?;
    let server = app.serve(&["dev"], None)?;
    let (token, _) = rpc::token(&server).await?;
    let mut client = Client::connect(&server.address).await?;
    let file = app.directory().join("functions/echo.js");
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let begin = Instant::now();
        std::fs::write(&file, format!("exports = () => 'edit {round}';"))?;
        answers(&mut client, &token, &format!("\"edit {round}\"")).await?;
        let edited = begin.elapsed().as_secs_f64() * 1e3;

        let begin = Instant::now();
        let sandbox = Sandbox::new(&SandboxOptions { concurrent_calls: 1, cache: None })?;
        let preloaded = sandbox.preload(usher_js::ENGINE, &scripts(&format!("exports = () => {round};"))?).await?;
        sandbox.load(preloaded.component).await?;
        let cold = begin.elapsed().as_secs_f64() * 1e3;
        // The first edit pays for what all later ones use.
        if round > 0 {
            ours.push(edited);
            floor.push(cold);
        }
    }
    Ok(Row::new("js-edit", "ms", ours, floor))
}

async fn answers(client: &mut Client, token: &str, wanted: &str) -> Result<()> {
    const BODY: &str = r#"{"name":"echo","arguments":[]}"#;
    for _ in 0..20_000 {
        let answer = client.post(rpc::CALL, Some(token), Bytes::from_static(BODY.as_bytes())).await?;
        if answer == wanted.as_bytes() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    bail!("the edit was never called")
}

/// Starting with many functions whose compiled code is kept, beside starting with one; and the memory of an idle
/// function beside that of one that is a component of its own.
pub(crate) async fn many() -> Result<Vec<Row>> {
    let database = App::new(&many_functions(1))?;
    let running = database.serve(&["serve", "--app"], None)?;
    let (large, small) = (App::new(&many_functions(MANY))?, App::new(&many_functions(1))?);
    let start = |app: &App| -> Result<(f64, u64)> {
        let begin = Instant::now();
        let server = app.serve(&["serve", "--app"], Some(&running.mongodb))?;
        Ok((begin.elapsed().as_secs_f64() * 1e3, server.memory()?))
    };
    let (mut times, mut memory) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for round in 0..=ROUNDS {
        let (of_large, of_small) = (start(&large)?, start(&small)?);
        // The first start compiles.
        if round > 0 {
            times.0.push(of_large.0);
            times.1.push(of_small.0);
            #[allow(clippy::cast_precision_loss, reason = "bytes of memory are far below 2^52")]
            let kib = |bytes: u64| bytes as f64 / 1024.0;
            #[allow(clippy::cast_precision_loss, reason = "a small number")]
            memory.0.push((kib(of_large.1) - kib(of_small.1)).max(0.0) / (MANY - 1) as f64);
            memory.1.push(source_kib(&large.directory())?);
        }
    }
    Ok(vec![Row::new("js-start-200", "ms", times.0, times.1), Row::new("js-memory-idle", "KiB", memory.0, memory.1)])
}

/// KiB of source of one function: the least that it could take.
fn source_kib(app: &Path) -> Result<f64> {
    let mut bytes = 0;
    let mut files = 0;
    for file in std::fs::read_dir(app.join("functions"))? {
        let file = file?;
        if file.path().extension().is_some_and(|extension| extension == "js") {
            bytes += file.metadata()?.len();
            files += 1;
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "bytes of source are far below 2^52")]
    Ok(bytes as f64 / 1024.0 / f64::from(files.max(1)))
}
