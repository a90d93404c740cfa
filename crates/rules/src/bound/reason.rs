//! Why a clause is as it is, as a sentence.

use bson::Bson;

use crate::expression::clause::{Clause, Why};
use crate::expression::decide::{Memo, Need, View};
use crate::expression::show;
use crate::expression::term::Term;
use crate::matcher::{Operator, Predicate};

/// Says what decided a clause: the values that were compared.
pub(super) fn reason(clause: &Clause, view: &View<'_>, memo: &Memo) -> Result<String, Need> {
    Ok(match clause {
        Clause::Known(constant, why) => known(*constant, why),
        Clause::All(parts) | Clause::Any(parts) => {
            let holds = clause.holds(view, memo)?;
            let mut said = Vec::new();
            for part in parts {
                if part.holds(view, memo)? == holds {
                    let sentence = reason(part, view, memo)?;
                    // A filter may stand for the role as well as for what is asked.
                    if !said.contains(&sentence) {
                        said.push(sentence);
                    }
                }
                // One decides where all have to be true and one is not, or any has to be and one is.
                if matches!(clause, Clause::Any(_)) == holds && !said.is_empty() {
                    break;
                }
            }
            said.join(", and ")
        }
        Clause::Field { state, path, predicate, wanted } => {
            let shown = Term::Field(*state, path.clone());
            let value = show::value(state.value(view, path).as_ref());
            format!("{shown} is {value}, and it is to {}", asked(predicate, *wanted))
        }
        Clause::Before { wanted } => {
            let (there, asked) = (view.before.is_some(), if *wanted { "is to exist" } else { "is to be new" });
            format!("the document {asked}, and it {}", if there { "exists" } else { "is new" })
        }
        Clause::Exists { term, wanted } => {
            let value = show::value(term.value(view, memo)?.as_ref());
            format!("{term} is {value}, and it is to be {}", if *wanted { "there" } else { "missing" })
        }
        Clause::Compare { left, right, .. } => {
            let (first, second) = (left.value(view, memo)?, right.value(view, memo)?);
            format!("{left} is {}, and {right} is {}", show::value(first.as_ref()), show::value(second.as_ref()))
        }
        Clause::Call { call, .. } => answered(&call.function, call.ask(view, memo)?.as_ref()),
    })
}

fn known(constant: bool, why: &Why) -> String {
    match why {
        Why::Written => format!("the rule says {constant}"),
        Why::Missing(name) => format!("{name} is missing"),
        Why::Compared(name, value) => format!("{name} is {}", show::value(Some(value))),
        Why::Answered(function, answer) => answered(function, answer.as_ref()),
    }
}

fn answered(function: &str, answer: Option<&Bson>) -> String {
    match answer {
        Some(answer) => format!("the function {function} answered {}", show::value(Some(answer))),
        None => format!("the function {function} failed"),
    }
}

fn asked(predicate: &Predicate, wanted: bool) -> String {
    // Without a path, the query is the comparison under an empty name.
    let comparison = predicate.query("", wanted).and_then(|query| query.get("").cloned());
    match (predicate, comparison) {
        (Predicate::Compare(Operator::Equal, value), _) => {
            format!("be {}{}", if wanted { "" } else { "other than " }, show::value(Some(value)))
        }
        (Predicate::Exists, _) => if wanted { "exist" } else { "be missing" }.to_owned(),
        (_, Some(comparison)) => format!("match {}", show::value(Some(&comparison))),
        (_, None) => "match the rule".to_owned(),
    }
}
