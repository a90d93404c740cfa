//! Who calls a function.

use usher_app::{App, Confirmation, Function, Reset, RunAs};

/// Everybody who does, in a sentence.
pub(super) fn callers(app: &App, function: &Function) -> String {
    let mut callers = vec![match (function.private, &function.can_evaluate) {
        (true, _) => "clients cannot call it".to_owned(),
        (false, None) => "clients can call it".to_owned(),
        (false, Some(_)) => "clients can call it where its rule \"can_evaluate\" holds".to_owned(),
    }];
    let name = &function.name;
    if app.custom_user_data.on_user_creation.as_ref() == Some(name) {
        callers.push("it runs when a user is created".to_owned());
    }
    callers.extend(of_providers(app, name));
    callers.extend(of_endpoints(app, name));
    let triggers = app.triggers.values().filter(|trigger| trigger.function == *name && !trigger.disabled);
    callers.extend(triggers.map(|trigger| format!("the trigger {} runs it", trigger.name)));
    let scripted = |run_as: &RunAs| matches!(run_as, RunAs::Script(script) if script == name);
    let asked = app.functions.values().filter(|other| other.run_as_user.as_ref().is_some_and(scripted));
    callers.extend(asked.map(|other| format!("it says as whom {} runs", other.name)));
    match &function.run_as_user {
        Some(RunAs::User(id)) => callers.push(format!("whoever calls, it acts for the user {id}")),
        Some(RunAs::Script(script)) => {
            callers.push(format!("whoever calls, it acts for the user that {script} answers"))
        }
        _ => {}
    }
    callers.join("; ")
}

fn of_providers(app: &App, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    let userpass = app.providers.local_userpass.as_ref();
    if userpass.is_some_and(|it| it.confirmation == Confirmation::Function(name.to_owned())) {
        found.push("it confirms registrations".to_owned());
    }
    if userpass.is_some_and(|it| it.reset == Reset::Function(name.to_owned())) {
        found.push("it resets passwords".to_owned());
    }
    if app.providers.custom_function.as_deref() == Some(name) {
        found.push("it says who logs in".to_owned());
    }
    found
}

fn of_endpoints(app: &App, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for endpoint in app.endpoints.iter().filter(|endpoint| !endpoint.disabled) {
        let method = endpoint.method.map_or("any method", |method| method.name());
        let place = match &endpoint.service {
            Some(service) => format!("the webhook {} of {service}", endpoint.route),
            None => format!("the endpoint {}", endpoint.route),
        };
        if endpoint.function == name {
            let acting = match &endpoint.run_as {
                RunAs::Caller => "its caller".to_owned(),
                RunAs::System => "the system".to_owned(),
                RunAs::User(id) => format!("the user {id}"),
                RunAs::Script(script) => format!("the user that {script} answers"),
            };
            let check = match endpoint.validation {
                usher_app::Validation::None => "without a secret",
                usher_app::Validation::Query(_) => "with a secret in the query",
                usher_app::Validation::Signature(_) => "with a signature",
            };
            found.push(format!("it answers {place} ({method}, {check}) as {acting}"));
        }
        if matches!(&endpoint.run_as, RunAs::Script(script) if script == name) {
            found.push(format!("it says as whom {place} runs"));
        }
    }
    found
}
