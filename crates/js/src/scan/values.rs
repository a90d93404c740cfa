//! What an expression may stand for, as far as it can be told without running it.
//!
//! A name stands for all that is ever given to it in its scope, which is the function that declares it: blocks and the
//! order of things are not looked at.

use std::cell::Cell;
use std::collections::HashMap;

use oxc_ast::ast::{
    ArrayExpression, BindingPattern, CallExpression, ChainElement, Expression, ObjectExpression, ObjectPropertyKind,
    TemplateLiteral,
};
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::BinaryOperator;

use super::collect::{key, named};

/// Steps that one question may take; what people write takes a few dozen.
const STEPS: u32 = 4_000;
/// How deep one question may go: names that stand for names, calls within calls.
const DEPTH: u32 = 48;
/// Answers that are of use.
const ANSWERS: usize = 64;
/// Bytes of a text that are of use: names and origins are shorter, and sums of long texts would grow with every step.
const TEXT: usize = 4096;

/// The scope of the file.
pub(super) const EVERYWHERE: Span = Span::new(0, u32::MAX);

/// What an expression may stand for.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// A text, or the beginning of one.
    Text {
        head: String,
        whole: bool,
    },
    Object(&'a ObjectExpression<'a>),
    Array(&'a ArrayExpression<'a>),
    /// `context`.
    Context,
    /// `context.services`.
    Services,
    /// `context.functions`.
    Functions,
    /// `context.http`.
    Http,
    /// What `context.services.get` gives.
    Service(Option<String>),
    Database {
        source: Option<String>,
        name: Option<String>,
    },
    /// The collection that the call at this place opens.
    Collection(u32),
    /// A function of this file.
    Function(usize),
    /// What a module exports.
    Module(String),
    Unknown,
}

/// What a name is bound to.
#[derive(Clone)]
pub(super) enum Bound<'a> {
    Value(&'a Expression<'a>),
    /// A property of a value.
    Property(Box<Bound<'a>>, String),
    /// An element of an array.
    Element(&'a Expression<'a>),
    /// The function at this place.
    At(u32),
    /// What is imported from a module.
    Module(&'a str),
}

/// A function of the file.
pub(super) struct Callable<'a> {
    pub(super) span: Span,
    pub(super) parameters: Vec<&'a BindingPattern<'a>>,
    pub(super) results: Vec<&'a Expression<'a>>,
}

/// One thing that a variable is bound to; `None` where it is only declared.
struct Variable<'a> {
    scope: Span,
    bound: Option<Bound<'a>>,
}

/// What names stand for.
#[derive(Default)]
pub(super) struct Names<'a> {
    pub(super) functions: Vec<Callable<'a>>,
    /// The functions by where they begin.
    pub(super) by_place: HashMap<u32, usize>,
    variables: HashMap<&'a str, Vec<Variable<'a>>>,
    properties: HashMap<String, Vec<Bound<'a>>>,
    steps: Cell<u32>,
}

impl<'a> Names<'a> {
    pub(super) fn bind(&mut self, scope: Span, name: &'a str, bound: Option<Bound<'a>>) {
        self.variables.entry(name).or_default().push(Variable { scope, bound });
    }

    /// Binds a name that is assigned to at `place`, in the scope that declares it; one that nothing declares is global.
    pub(super) fn assign(&mut self, place: u32, name: &'a str, to: Bound<'a>) {
        let scope = self.scope(place, name).unwrap_or(EVERYWHERE);
        self.bind(scope, name, Some(to));
    }

    /// The innermost scope around `place` that declares a name.
    fn scope(&self, place: u32, name: &str) -> Option<Span> {
        let scopes = self.variables.get(name)?.iter().map(|variable| variable.scope);
        scopes.filter(|scope| scope.start <= place && place < scope.end).min_by_key(|scope| scope.size())
    }

    /// Binds a property by its name alone: `this.users = …` is found again as `anything.users`.
    pub(super) fn bind_property(&mut self, name: &str, to: Bound<'a>) {
        self.properties.entry(name.to_owned()).or_default().push(to);
    }

    /// Binds what a pattern declares.
    pub(super) fn bind_pattern(&mut self, scope: Span, pattern: &'a BindingPattern<'a>, to: Option<Bound<'a>>) {
        match pattern {
            BindingPattern::BindingIdentifier(identifier) => self.bind(scope, identifier.name.as_str(), to),
            BindingPattern::AssignmentPattern(with_default) => {
                if let Some(name) = named(&with_default.left) {
                    self.bind(scope, name, Some(Bound::Value(&with_default.right)));
                }
                self.bind_pattern(scope, &with_default.left, to);
            }
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    let of = to.clone().zip(key(&property.key));
                    let to = of.map(|(to, name)| Bound::Property(Box::new(to), name.to_owned()));
                    self.bind_pattern(scope, &property.value, to);
                }
            }
            BindingPattern::ArrayPattern(array) => {
                for element in array.elements.iter().flatten() {
                    self.bind_pattern(scope, element, None);
                }
            }
        }
    }

    /// Binds parameters of this file's functions to what they are called with.
    pub(super) fn bind_arguments(&mut self, calls: &[&'a CallExpression<'a>]) {
        for call in calls {
            for value in self.of(&call.callee) {
                let Value::Function(index) = value else { continue };
                let Callable { span, ref parameters, .. } = self.functions[index];
                for (parameter, argument) in parameters.clone().into_iter().zip(&call.arguments) {
                    self.bind_pattern(span, parameter, argument.as_expression().map(Bound::Value));
                }
            }
        }
    }

    /// What an expression may stand for; never empty.
    pub(super) fn of(&self, expression: &'a Expression<'a>) -> Vec<Value<'a>> {
        self.steps.set(STEPS);
        self.values(expression, 0)
    }

    /// The texts that an expression may stand for; `None` among them for one that is not known.
    pub(super) fn texts(&self, expression: Option<&'a Expression<'a>>) -> Vec<Option<String>> {
        let Some(expression) = expression else { return vec![None] };
        let mut texts = Vec::new();
        for value in self.of(expression) {
            let text = match value {
                Value::Text { head, whole: true } => Some(head),
                _ => None,
            };
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }

    fn values(&self, expression: &'a Expression<'a>, depth: u32) -> Vec<Value<'a>> {
        let left = self.steps.get();
        if left == 0 || depth > DEPTH {
            return vec![Value::Unknown];
        }
        self.steps.set(left - 1);
        let depth = depth + 1;
        let mut found = match expression.get_inner_expression() {
            Expression::StringLiteral(text) => vec![whole(text.value.as_str())],
            Expression::TemplateLiteral(template) => self.template(template, depth),
            Expression::Identifier(name) => self.variable(name.span.start, name.name.as_str(), depth),
            Expression::ObjectExpression(object) => vec![Value::Object(object)],
            Expression::ArrayExpression(array) => vec![Value::Array(array)],
            Expression::FunctionExpression(function) => self.function_at(function.span.start),
            Expression::ArrowFunctionExpression(arrow) => self.function_at(arrow.span.start),
            Expression::StaticMemberExpression(member) => {
                let objects = self.values(&member.object, depth);
                self.members(objects, member.property.name.as_str(), depth)
            }
            Expression::ComputedMemberExpression(member) => {
                let objects = self.values(&member.object, depth);
                let keys = self.values(&member.expression, depth);
                self.computed(&objects, &keys, depth)
            }
            Expression::CallExpression(call) => self.call(call, depth),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.call(call, depth),
                ChainElement::StaticMemberExpression(member) => {
                    let objects = self.values(&member.object, depth);
                    self.members(objects, member.property.name.as_str(), depth)
                }
                _ => Vec::new(),
            },
            Expression::AwaitExpression(awaited) => self.values(&awaited.argument, depth),
            Expression::AssignmentExpression(assignment) => self.values(&assignment.right, depth),
            Expression::ConditionalExpression(either) => {
                [self.values(&either.consequent, depth), self.values(&either.alternate, depth)].concat()
            }
            Expression::LogicalExpression(either) => {
                [self.values(&either.left, depth), self.values(&either.right, depth)].concat()
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                joined(&self.values(&sum.left, depth), &self.values(&sum.right, depth))
            }
            _ => Vec::new(),
        };
        found.truncate(ANSWERS);
        if found.is_empty() { vec![Value::Unknown] } else { found }
    }

    fn variable(&self, place: u32, name: &str, depth: u32) -> Vec<Value<'a>> {
        match (self.scope(place, name), name) {
            (Some(scope), _) => {
                let all = self.variables.get(name).into_iter().flatten().filter(|variable| variable.scope == scope);
                all.filter_map(|one| one.bound.as_ref()).flat_map(|bound| self.bound(bound, depth)).collect()
            }
            (None, "context") => vec![Value::Context],
            // A client of HTTP that is there without a `require`.
            (None, "fetch") => vec![Value::Module("fetch".into())],
            _ => Vec::new(),
        }
    }

    fn bound(&self, bound: &Bound<'a>, depth: u32) -> Vec<Value<'a>> {
        let left = self.steps.get();
        if left == 0 || depth > DEPTH {
            return vec![Value::Unknown];
        }
        self.steps.set(left - 1);
        match bound {
            Bound::Value(expression) => self.values(expression, depth),
            Bound::Property(of, name) => {
                let objects = self.bound(of, depth + 1);
                self.members(objects, name, depth)
            }
            Bound::Element(of) => self
                .values(of, depth)
                .into_iter()
                .flat_map(|value| match value {
                    Value::Array(array) => self.elements(array, depth),
                    _ => vec![Value::Unknown],
                })
                .collect(),
            Bound::At(place) => self.function_at(*place),
            Bound::Module(name) => vec![Value::Module((*name).to_owned())],
        }
    }

    fn function_at(&self, place: u32) -> Vec<Value<'a>> {
        self.by_place.get(&place).map(|index| Value::Function(*index)).into_iter().collect()
    }

    fn elements(&self, array: &'a ArrayExpression<'a>, depth: u32) -> Vec<Value<'a>> {
        array.elements.iter().filter_map(|e| e.as_expression()).flat_map(|e| self.values(e, depth)).collect()
    }

    fn members(&self, objects: Vec<Value<'a>>, name: &str, depth: u32) -> Vec<Value<'a>> {
        objects.into_iter().flat_map(|object| self.member(&object, name, depth)).collect()
    }

    fn member(&self, object: &Value<'a>, name: &str, depth: u32) -> Vec<Value<'a>> {
        match (object, name) {
            (Value::Context, "services") => vec![Value::Services],
            (Value::Context, "functions") => vec![Value::Functions],
            (Value::Context, "http") => vec![Value::Http],
            (Value::Module(module), _) => vec![Value::Module(module.clone())],
            (Value::Object(object), name) => match property(object, name) {
                Some(value) => self.values(value, depth),
                None => vec![Value::Unknown],
            },
            (Value::Unknown, name) => match self.properties.get(name) {
                Some(bound) => bound.iter().flat_map(|bound| self.bound(bound, depth)).collect(),
                None => vec![Value::Unknown],
            },
            _ => vec![Value::Unknown],
        }
    }

    /// `object[key]`: the named property, or any where the key is not known.
    fn computed(&self, objects: &[Value<'a>], keys: &[Value<'a>], depth: u32) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for object in objects {
            for key in keys {
                match (object, key) {
                    (_, Value::Text { head, whole: true }) => found.extend(self.member(object, head, depth)),
                    (Value::Object(object), _) => {
                        found.extend(properties(object).flat_map(|value| self.values(value, depth)));
                    }
                    (Value::Array(array), _) => found.extend(self.elements(array, depth)),
                    _ => found.push(Value::Unknown),
                }
            }
        }
        found
    }

    fn call(&self, call: &'a CallExpression<'a>, depth: u32) -> Vec<Value<'a>> {
        let argument = call.arguments.first().and_then(|argument| argument.as_expression());
        let texts = || match argument {
            Some(argument) => self.values(argument, depth).into_iter().map(text).collect(),
            None => vec![None],
        };
        if let Expression::Identifier(name) = &call.callee
            && name.name == "require"
        {
            return texts().into_iter().flatten().map(Value::Module).collect();
        }
        let mut found = Vec::new();
        if let Some((object, method)) = method(&call.callee) {
            for object in self.values(object, depth) {
                match (object, method) {
                    (Value::Services, "get") => {
                        found.extend(texts().into_iter().map(Value::Service));
                    }
                    (Value::Service(source), "db") => {
                        let named = |name| Value::Database { source: source.clone(), name };
                        found.extend(texts().into_iter().map(named));
                    }
                    (Value::Unknown, "db") => {
                        found.extend(texts().into_iter().map(|name| Value::Database { source: None, name }));
                    }
                    (Value::Database { .. } | Value::Unknown, "collection") => {
                        found.push(Value::Collection(call.span().start));
                    }
                    (Value::Module(module), _) => found.push(Value::Module(module)),
                    _ => {}
                }
            }
        }
        for callee in self.values(&call.callee, depth) {
            if let Value::Function(index) = callee {
                found.extend(self.functions[index].results.iter().flat_map(|result| self.values(result, depth)));
            }
        }
        found
    }

    fn template(&self, template: &'a TemplateLiteral<'a>, depth: u32) -> Vec<Value<'a>> {
        let mut texts = vec![whole("")];
        for (index, quasi) in template.quasis.iter().enumerate() {
            texts = joined(&texts, &[whole(quasi.value.cooked.as_ref().map_or("", |cooked| cooked.as_str()))]);
            if let Some(expression) = template.expressions.get(index) {
                texts = joined(&texts, &self.values(expression, depth));
            }
        }
        texts
    }
}

/// `object.method` of a callee.
pub(super) fn method<'a>(callee: &'a Expression<'a>) -> Option<(&'a Expression<'a>, &'a str)> {
    match callee.get_inner_expression() {
        Expression::StaticMemberExpression(member) => Some((&member.object, member.property.name.as_str())),
        Expression::ChainExpression(chain) => match &chain.expression {
            ChainElement::StaticMemberExpression(member) => Some((&member.object, member.property.name.as_str())),
            _ => None,
        },
        _ => None,
    }
}

/// A property of an object literal.
pub(super) fn property<'a>(object: &'a ObjectExpression<'a>, name: &str) -> Option<&'a Expression<'a>> {
    object.properties.iter().rev().find_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) if key(&property.key) == Some(name) => Some(&property.value),
        _ => None,
    })
}

fn properties<'a>(object: &'a ObjectExpression<'a>) -> impl Iterator<Item = &'a Expression<'a>> {
    object.properties.iter().filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => Some(&property.value),
        ObjectPropertyKind::SpreadProperty(_) => None,
    })
}

fn whole(text: &str) -> Value<'static> {
    let head = &text[..text.floor_char_boundary(TEXT)];
    Value::Text { head: head.to_owned(), whole: head.len() == text.len() }
}

fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text { head, whole: true } => Some(head),
        _ => None,
    }
}

/// Texts one after the other; what follows something unknown is not known.
fn joined<'a>(firsts: &[Value<'a>], seconds: &[Value<'a>]) -> Vec<Value<'a>> {
    let mut found = Vec::new();
    for first in firsts {
        match first {
            Value::Text { head, whole: true } => found.extend(seconds.iter().map(|second| match second {
                Value::Text { head: tail, whole } if head.len() + tail.len() <= TEXT => {
                    Value::Text { head: format!("{head}{tail}"), whole: *whole }
                }
                _ => Value::Text { head: head.clone(), whole: false },
            })),
            Value::Text { .. } => found.push(first.clone()),
            _ => found.push(Value::Unknown),
        }
        if found.len() > ANSWERS {
            break;
        }
    }
    found
}
