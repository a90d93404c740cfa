//! `usher rules`: why a user may or may not do something.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use usher_app::App;
use usher_contract::value;
use usher_dispatch::{Caller, ServiceCall};
use usher_rules::{Bound, Change, Explanation, Operation, Schema, Visible, Write};

use crate::commands::Target;
use crate::host::Host;
use crate::output::Output;

/// Ask the rules of an app's collections.
#[derive(Subcommand)]
pub(crate) enum Rules {
    /// Tell which role, clause and document decide whether a user may do something
    Explain(Box<Explain>),
}

/// What is asked.
#[derive(clap::Args)]
pub(crate) struct Explain {
    /// The user's id or e-mail address
    #[arg(long)]
    user: String,
    /// What the user would do
    #[arg(long = "op", value_enum)]
    operation: Asked,
    /// The collection, as database.collection
    #[arg(long, value_name = "NAME")]
    collection: String,
    /// The data source; without it, the app's only one
    #[arg(long, value_name = "NAME")]
    data_source: Option<String>,
    /// The document's _id: an ObjectId's 24 digits, or Extended JSON
    #[arg(long, value_name = "ID", conflicts_with = "document")]
    id: Option<String>,
    /// A document that need not exist, as Extended JSON
    #[arg(long, value_name = "JSON")]
    document: Option<String>,
    /// For an update: the document as it would be, as Extended JSON
    #[arg(long, value_name = "JSON")]
    after: Option<String>,
    #[command(flatten)]
    target: Target,
}

/// What a user would do.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Asked {
    Read,
    Insert,
    Update,
    Delete,
    Search,
}

impl Rules {
    pub(crate) async fn run(self, output: Output) -> Result<()> {
        let Self::Explain(explain) = self;
        let (app, host) = explain.target.open(output).await?;
        let result = explain.run(&app, &host, output).await;
        host.close().await;
        result
    }
}

impl Explain {
    async fn run(&self, app: &App, host: &Host, output: Output) -> Result<()> {
        let Some((database, collection)) = self.collection.split_once('.') else {
            bail!("--collection takes a database and a collection: --collection shop.orders");
        };
        let data_source = match (&self.data_source, &app.data_sources[..]) {
            (Some(name), _) => name.clone(),
            (None, [only]) => only.clone(),
            (None, several) => bail!("name the data source with --data-source: {}", several.join(", ")),
        };
        let deployment = host.rooms.deploy(&app.directory, output).await?;
        let caller = host.rooms.identity.caller(app, &self.user).await?;
        let Caller::User { id: user, .. } = &caller else { bail!("{} is no user", self.user) };
        let user = user.clone();
        let call = ServiceCall {
            deployment,
            service: data_source,
            action: "explain".to_owned(),
            argument: doc! {"database": database, "collection": collection},
            caller,
            request: None,
            id: ObjectId::new().to_hex(),
        };
        let (_, bound) = host.rooms.dispatcher.ruling(&call).await.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        match self.document(host, database, collection).await? {
            Some(document) => {
                let schema = app.rules.schema(&call.service, database, collection);
                let explanation = self.decide(&bound, schema.map(Arc::as_ref), &document).await?;
                output.answer(&answer(&user, &document, &explanation), told(&explanation, &document));
            }
            None if self.operation == Asked::Insert => bail!("an insert needs --document"),
            None => {
                let visible = narrowed(bound.visible(&[]), bound.filter());
                let more = self.beyond_reading(&bound);
                output.answer(&json!({"user": user, "visible": seen(&visible)}), sentence(&visible) + more);
            }
        }
        Ok(())
    }

    /// What is to be said of a write to whichever document is found.
    fn beyond_reading(&self, bound: &Bound) -> &'static str {
        match self.operation {
            Asked::Delete if bound.permitted(Write::Delete, &[]) == bound.visible(&[]) => "; each may be deleted",
            Asked::Delete => "; whether one of them may be deleted is told of each (name it with --id)",
            Asked::Update => "; whether one of them may be changed is told of each (name it with --id)",
            _ => "",
        }
    }

    /// The document that the question is about; none where it is about the whole collection.
    async fn document(&self, host: &Host, database: &str, collection: &str) -> Result<Option<Document>> {
        if let Some(json) = &self.document {
            let mut document = parse(json).context("--document")?;
            if self.operation == Asked::Insert && !document.contains_key("_id") {
                document.insert("_id", ObjectId::new());
            }
            return Ok(Some(document));
        }
        let Some(id) = &self.id else { return Ok(None) };
        let found = host.database.client().database(database).collection::<Document>(collection);
        for id in ids(id) {
            if let Some(document) = found.find_one(doc! {"_id": id}).await? {
                return Ok(Some(document));
            }
        }
        bail!("there is no document {id} in {database}.{collection}")
    }

    async fn decide(&self, bound: &Bound, schema: Option<&Schema>, document: &Document) -> Result<Explanation> {
        // Without the document as it would be, an update is one that changes nothing.
        let after = self.after.as_deref().map(parse).transpose().context("--after")?;
        let after = after.as_ref().unwrap_or(document);
        let (outcome, stored) = match self.operation {
            Asked::Read => (bound.explain(Operation::Read, document).await, None),
            Asked::Search => (bound.explain(Operation::Search, document).await, None),
            Asked::Insert => (bound.explain_change(Change::Insert(document)).await, Some(document)),
            Asked::Update => (bound.explain_change(Change::Update(document, after)).await, Some(after)),
            Asked::Delete => (bound.explain_change(Change::Delete(document)).await, None),
        };
        let explanation = outcome.map_err(|failure| anyhow::anyhow!("{failure}"))?;
        if let (true, Some(stored), Some(schema)) = (explanation.allowed, stored, schema)
            && let Err(violations) = schema.check(stored)
        {
            let because = violations.join("; ");
            return Ok(Explanation { allowed: false, clause: "schema".to_owned(), because, ..explanation });
        }
        Ok(explanation)
    }
}

fn parse(json: &str) -> Result<Document> {
    match value::from_extended_json(serde_json::from_str(json)?) {
        Ok(Bson::Document(document)) => Ok(document),
        Ok(_) => bail!("not a document"),
        Err(failure) => bail!("{failure}"),
    }
}

/// What a person may mean by an id.
fn ids(text: &str) -> Vec<Bson> {
    let object = ObjectId::parse_str(text).ok().map(Bson::ObjectId);
    let json = serde_json::from_str(text).ok().and_then(|json| value::from_extended_json(json).ok());
    object.into_iter().chain(json).chain([Bson::String(text.to_owned())]).collect()
}

fn answer(user: &str, document: &Document, explanation: &Explanation) -> serde_json::Value {
    json!({
        "user": user,
        "allowed": explanation.allowed,
        "role": explanation.role,
        "clause": explanation.clause,
        "because": explanation.because,
        "hidden": explanation.hidden,
        "document": value::to_extended_json(Bson::Document(document.clone())),
    })
}

fn told(explanation: &Explanation, document: &Document) -> String {
    let verdict = if explanation.allowed { "allowed" } else { "denied" };
    let role = explanation.role.as_deref().unwrap_or("none");
    let hidden = match &explanation.hidden[..] {
        [] => String::new(),
        fields => format!("\nhidden fields: {}", fields.join(", ")),
    };
    let document = value::to_extended_json(Bson::Document(document.clone()));
    format!(
        "{verdict}\nrole: {role}\nclause: {}\n{}{hidden}\ndocument: {document}",
        explanation.clause, explanation.because
    )
}

/// What is seen where filters narrow every query.
fn narrowed(visible: Visible, filter: Document) -> Visible {
    match visible {
        Visible::Matching { query, exact } if query.is_empty() => Visible::Matching { query: filter, exact },
        Visible::Matching { query, exact } if !filter.is_empty() => {
            Visible::Matching { query: doc! {"$and": [filter, query]}, exact }
        }
        other => other,
    }
}

fn seen(visible: &Visible) -> serde_json::Value {
    match visible {
        Visible::Nothing => json!(false),
        Visible::Matching { query, exact } => {
            json!({"query": value::to_extended_json(Bson::Document(query.clone())), "exact": exact})
        }
    }
}

fn sentence(visible: &Visible) -> String {
    match visible {
        Visible::Nothing => "no document can be seen, whatever it holds".to_owned(),
        Visible::Matching { query, exact: true } if query.is_empty() => "every document can be seen".to_owned(),
        Visible::Matching { query, exact } => {
            let query = value::to_extended_json(Bson::Document(query.clone()));
            let rest = if *exact { "" } else { "; of those, the host decides for each (name one with --id)" };
            format!("documents can be seen that match {query}{rest}")
        }
    }
}
