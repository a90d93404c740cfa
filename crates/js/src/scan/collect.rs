//! One walk over the syntax tree, which keeps the places that the rest of the scan looks at.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, AssignmentExpression, AssignmentTarget, BindingPattern, CallExpression,
    Expression, ForOfStatement, ForStatementLeft, FormalParameters, Function, ObjectProperty, Program, PropertyKey,
    Statement, StringLiteral,
};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan, Span};
use oxc_syntax::operator::UnaryOperator;

use super::values::{Bound, Callable, EVERYWHERE, Names};

/// What the walk found.
#[derive(Default)]
pub(super) struct Collected<'a> {
    /// Every call.
    pub(super) calls: Vec<&'a CallExpression<'a>>,
    /// The sources of `import` and `export … from`.
    pub(super) imports: Vec<&'a StringLiteral<'a>>,
    /// Properties whose name begins with `$`: pipeline stages among them.
    pub(super) stages: Vec<&'a ObjectProperty<'a>>,
    /// Where something may fail without harm: `try` blocks, and branches that a test of the surroundings guards.
    pub(super) guarded: Vec<Span>,
    /// Functions with a `require` of their own.
    pub(super) shadowed: Vec<Span>,
    /// What names stand for.
    pub(super) names: Names<'a>,
    assignments: Vec<&'a AssignmentExpression<'a>>,
    /// The functions around the current node, as indexes of `names.functions`.
    around: Vec<usize>,
}

impl<'a> Collected<'a> {
    pub(super) fn of(program: &Program<'a>) -> Self {
        let mut collected = Self::default();
        collected.visit_program(program);
        collected.bind_assignments();
        let calls = std::mem::take(&mut collected.calls);
        collected.names.bind_arguments(&calls);
        collected.calls = calls;
        collected
    }

    /// Whether a place is inside of a function.
    pub(super) fn is_in_function(&self, place: u32) -> bool {
        self.names.functions.iter().any(|function| function.span.start <= place && place < function.span.end)
    }

    /// The scope of the current node.
    fn scope(&self) -> Span {
        self.around.last().map_or(EVERYWHERE, |index| self.names.functions[*index].span)
    }

    fn function(&mut self, span: Span, parameters: &'a FormalParameters<'a>, result: Option<&'a Expression<'a>>) {
        let index = self.names.functions.len();
        self.names.by_place.insert(span.start, index);
        let patterns: Vec<_> = parameters.items.iter().map(|item| &item.pattern).collect();
        for pattern in &patterns {
            self.names.bind_pattern(span, pattern, None);
        }
        if patterns.iter().any(|pattern| named(pattern) == Some("require")) {
            self.shadowed.push(span);
        }
        self.names.functions.push(Callable { span, parameters: patterns, results: result.into_iter().collect() });
        self.around.push(index);
    }

    fn declared(&mut self, function: &'a Function<'a>) {
        if let Some(id) = &function.id {
            self.names.bind(self.scope(), id.name.as_str(), Some(Bound::At(function.span.start)));
        }
        self.function(function.span, &function.params, None);
    }

    fn arrow(&mut self, arrow: &'a ArrowFunctionExpression<'a>) {
        let result = match &arrow.body {
            ArrowFunctionBody::FunctionBody(_) => None,
            body => body.as_expression(),
        };
        self.function(arrow.span, &arrow.params, result);
    }

    fn looped(&mut self, statement: &'a ForOfStatement<'a>) {
        if let ForStatementLeft::VariableDeclaration(declaration) = &statement.left
            && let Some(declarator) = declaration.declarations.first()
            && let Some(name) = named(&declarator.id)
        {
            self.names.bind(self.scope(), name, Some(Bound::Element(&statement.right)));
        }
    }

    /// Binds what is assigned to, once all declarations are known.
    fn bind_assignments(&mut self) {
        for assignment in std::mem::take(&mut self.assignments) {
            let to = Bound::Value(&assignment.right);
            match &assignment.left {
                AssignmentTarget::AssignmentTargetIdentifier(target) => {
                    self.names.assign(target.span.start, target.name.as_str(), to);
                }
                AssignmentTarget::StaticMemberExpression(target) => {
                    self.names.bind_property(target.property.name.as_str(), to);
                }
                _ => {}
            }
        }
    }
}

impl<'a> Visit<'a> for Collected<'a> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => self.calls.push(call),
            AstKind::Function(function) => self.declared(function),
            AstKind::ArrowFunctionExpression(arrow) => self.arrow(arrow),
            AstKind::ReturnStatement(statement) => {
                if let (Some(value), Some(index)) = (&statement.argument, self.around.last()) {
                    self.names.functions[*index].results.push(value);
                }
            }
            AstKind::VariableDeclarator(declarator) => {
                let value = declarator.init.as_ref().map(Bound::Value);
                self.names.bind_pattern(self.scope(), &declarator.id, value);
            }
            AstKind::AssignmentExpression(assignment) => self.assignments.push(assignment),
            AstKind::ForOfStatement(statement) => self.looped(statement),
            AstKind::MethodDefinition(method) => {
                if let Some(name) = method.key.static_name() {
                    self.names.bind_property(&name, Bound::At(method.value.span.start));
                }
            }
            AstKind::PropertyDefinition(property) => {
                if let (Some(name), Some(value)) = (property.key.static_name(), &property.value) {
                    self.names.bind_property(&name, Bound::Value(value));
                }
            }
            AstKind::ObjectProperty(property) if key(&property.key).is_some_and(|key| key.starts_with('$')) => {
                self.stages.push(property);
            }
            AstKind::TryStatement(statement) => self.guarded.push(statement.block.span),
            AstKind::IfStatement(statement) if asks_for_surroundings(&statement.test) => {
                self.guarded.push(statement.consequent.span());
                self.guarded.extend(statement.alternate.as_ref().map(Statement::span));
            }
            AstKind::LogicalExpression(expression) if asks_for_surroundings(&expression.left) => {
                self.guarded.push(expression.right.span());
            }
            AstKind::ConditionalExpression(expression) if asks_for_surroundings(&expression.test) => {
                self.guarded.extend([expression.consequent.span(), expression.alternate.span()]);
            }
            AstKind::ImportDeclaration(import) => {
                self.imports.push(&import.source);
                for specifier in import.specifiers.iter().flatten() {
                    let name = specifier.local().name.as_str();
                    self.names.bind(EVERYWHERE, name, Some(Bound::Module(import.source.value.as_str())));
                }
            }
            AstKind::ExportAllDeclaration(export) => self.imports.push(&export.source),
            AstKind::ExportFromDeclaration(export) => self.imports.push(&export.source),
            _ => {}
        }
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        if let AstKind::Function(_) | AstKind::ArrowFunctionExpression(_) = kind {
            self.around.pop();
        }
    }
}

/// The name of a plain parameter or variable.
pub(super) fn named<'a>(pattern: &'a BindingPattern<'a>) -> Option<&'a str> {
    match pattern {
        BindingPattern::BindingIdentifier(identifier) => Some(identifier.name.as_str()),
        BindingPattern::AssignmentPattern(with_default) => named(&with_default.left),
        _ => None,
    }
}

/// The name of a property where it is written out.
pub(super) fn key<'a>(key: &'a PropertyKey<'a>) -> Option<&'a str> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.as_str()),
        PropertyKey::StringLiteral(text) => Some(text.value.as_str()),
        _ => None,
    }
}

/// Whether a test asks where the source runs: `typeof module`, `process.env.X`, `require.main`. What depends on it is not
/// for the sandbox.
fn asks_for_surroundings(test: &Expression<'_>) -> bool {
    match test.get_inner_expression() {
        Expression::UnaryExpression(unary) => {
            unary.operator == UnaryOperator::Typeof || asks_for_surroundings(&unary.argument)
        }
        Expression::BinaryExpression(binary) => {
            asks_for_surroundings(&binary.left) || asks_for_surroundings(&binary.right)
        }
        Expression::LogicalExpression(logical) => {
            asks_for_surroundings(&logical.left) || asks_for_surroundings(&logical.right)
        }
        Expression::StaticMemberExpression(member) => match &member.object {
            Expression::Identifier(object) => matches!(
                (object.name.as_str(), member.property.name.as_str()),
                ("process", "env") | ("require", "main")
            ),
            object => asks_for_surroundings(object),
        },
        _ => false,
    }
}
