//! The way through the tree of a script, with the variables that are known at each place.

use rhai::{Expr, FlowControl, Ident, Position, Stmt, StmtBlock};

use super::{calls, names::Names};
use crate::{
    api::{self, Owner},
    call::AtomKind,
    problem::Problem,
};

pub(super) struct Walk<'a> {
    pub(super) names: &'a Names,
    pub(super) problems: Vec<Problem>,
    variables: Vec<String>,
    /// Those of them that a `for` sets anew in each turn.
    loop_variables: Vec<String>,
}

impl<'a> Walk<'a> {
    /// The problems of the statements of a function with these parameters.
    pub(super) fn over(names: &'a Names, parameters: &[&str], body: &[Stmt]) -> Vec<Problem> {
        let variables = parameters.iter().map(|&name| name.to_owned()).collect();
        let mut walk = Self {
            names,
            problems: Vec::new(),
            variables,
            loop_variables: Vec::new(),
        };
        walk.statements(body);
        walk.problems
    }

    pub(super) fn problem(&mut self, position: Position, cause: impl Into<String>) {
        self.problems.push(Problem::new(position, cause));
    }

    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.variables.iter().any(|known| known == name)
    }

    pub(super) fn is_loop_variable(&self, name: &str) -> bool {
        self.loop_variables.iter().any(|known| known == name)
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn block(&mut self, block: &StmtBlock) {
        let known = self.variables.len();
        self.statements(block.statements());
        self.variables.truncate(known);
    }

    fn declare(&mut self, name: &str, position: Position) {
        if api::RESERVED.contains(&name) {
            let cause = format!("`{name}` is part of the API and cannot be a variable");
            self.problem(position, cause);
        }
        self.variables.push(name.to_owned());
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::If(flow, _) | Stmt::While(flow, _) | Stmt::Do(flow, _, _) => self.flow(flow),
            Stmt::Switch(switch, _) => {
                self.expression(&switch.0);
                for case in &switch.1.expressions {
                    self.expression(&case.lhs);
                    self.expression(&case.rhs);
                }
            }
            Stmt::For(each, _) => self.each(&each.0, each.1.as_ref(), &each.2),
            Stmt::Var(variable, _, _) => {
                self.expression(&variable.1);
                self.declare(&variable.0.name, variable.0.pos);
            }
            Stmt::Assignment(assignment) => self.assignment(&assignment.1.lhs, &assignment.1.rhs),
            Stmt::FnCall(call, position) => self.call(call, *position),
            Stmt::Block(block) => self.block(block),
            Stmt::TryCatch(flow, _) => self.catch(flow),
            Stmt::Expr(expression) => self.expression(expression),
            Stmt::BreakLoop(Some(value), _, _) | Stmt::Return(Some(value), _, _) => {
                self.expression(value);
            }
            Stmt::Import(_, position) | Stmt::Export(_, position) => {
                self.problem(
                    *position,
                    "a script has no modules: all of it is in one text",
                );
            }
            // Nothing is in them that could be wrong.
            _ => {}
        }
    }

    fn flow(&mut self, flow: &FlowControl) {
        self.expression(&flow.expr);
        self.block(&flow.body);
        self.block(&flow.branch);
    }

    fn each(&mut self, name: &Ident, counter: Option<&Ident>, flow: &FlowControl) {
        self.expression(&flow.expr);
        let (known, loops) = (self.variables.len(), self.loop_variables.len());
        for ident in counter.into_iter().chain([name]) {
            self.declare(&ident.name, ident.pos);
            self.loop_variables.push(ident.name.to_string());
        }
        self.block(&flow.body);
        self.variables.truncate(known);
        self.loop_variables.truncate(loops);
    }

    fn catch(&mut self, flow: &FlowControl) {
        self.block(&flow.body);
        let known = self.variables.len();
        if let Expr::Variable(variable, _, position) = &flow.expr {
            self.declare(&variable.1, *position);
        }
        self.block(&flow.branch);
        self.variables.truncate(known);
    }

    fn assignment(&mut self, target: &Expr, value: &Expr) {
        let mut root = target;
        while let Expr::Dot(pair, _, _) | Expr::Index(pair, _, _) = root {
            root = &pair.lhs;
        }
        self.expression(value);
        match root {
            Expr::Variable(variable, _, position) if api::RESERVED.contains(&&*variable.1) => {
                let cause = format!("`{}` is part of the API and cannot be changed", variable.1);
                self.problem(*position, cause);
            }
            _ => self.expression(target),
        }
    }

    pub(super) fn expressions<'e>(&mut self, list: impl IntoIterator<Item = &'e Expr>) {
        for expression in list {
            self.expression(expression);
        }
    }

    pub(super) fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::InterpolatedString(list, _) | Expr::Array(list, _) => self.expressions(list),
            Expr::And(list, _) | Expr::Or(list, _) | Expr::Coalesce(list, _) => {
                self.expressions(list.iter());
            }
            Expr::Map(map, _) => self.expressions(map.0.iter().map(|(_, value)| value)),
            Expr::Variable(..) => self.variable(expression),
            Expr::Stmt(block) => self.block(block),
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Dot(pair, _, _) => {
                if let Some(object) = object(&pair.lhs) {
                    self.member(&object, &pair.rhs);
                } else {
                    self.expression(&pair.lhs);
                    self.chain(&pair.rhs);
                }
            }
            Expr::Index(pair, _, position) => {
                if let Some(object) = object(&pair.lhs) {
                    let cause = format!("`{}` has no index: write `{0}.…`", object.name);
                    self.problem(*position, cause);
                } else {
                    self.expression(&pair.lhs);
                }
                self.expression(&pair.rhs);
            }
            Expr::MethodCall(..) => self.chain(expression),
            // Literals.
            _ => {}
        }
    }

    /// What follows a dot, of a value that nobody knows yet.
    fn chain(&mut self, expression: &Expr) {
        match expression {
            Expr::MethodCall(call, position) => self.method(call, *position),
            Expr::Dot(pair, _, _) => {
                self.chain(&pair.lhs);
                self.chain(&pair.rhs);
            }
            Expr::Index(pair, _, _) => {
                self.chain(&pair.lhs);
                self.expression(&pair.rhs);
            }
            Expr::Property(..) => {}
            other => self.expression(other),
        }
    }

    /// What follows the dot of an object of the API.
    fn member(&mut self, object: &Object<'_>, expression: &Expr) {
        match expression {
            Expr::Dot(pair, _, _) => {
                self.member(object, &pair.lhs);
                self.chain(&pair.rhs);
            }
            Expr::Index(pair, _, _) => {
                self.member(object, &pair.lhs);
                self.expression(&pair.rhs);
            }
            Expr::MethodCall(call, position) => self.member_call(object, call, *position),
            Expr::Property(property, position) => {
                self.property(object, &property.2, *position);
            }
            other => self.expression(other),
        }
    }

    fn property(&mut self, object: &Object<'_>, name: &str, position: Position) {
        let Some(owner) = object.owner else {
            return self.atom_type(name, position);
        };
        if api::find(owner, name).is_some() {
            let cause = format!("`{}.{name}` is a function: call it", owner.name());
            return self.problem(position, cause);
        }
        let known: Vec<&str> = api::members(owner).collect();
        let problem = calls::unknown_member(owner.name(), name, &known, position);
        self.problems.push(problem);
    }

    fn atom_type(&mut self, name: &str, position: Position) {
        let known = AtomKind::ALL.map(AtomKind::name);
        if !known.contains(&name) {
            let problem = calls::unknown_member(api::ATOM_TYPE, name, &known, position);
            self.problems.push(problem);
        }
    }

    fn variable(&mut self, expression: &Expr) {
        let Expr::Variable(variable, _, position) = expression else {
            return;
        };
        let (name, namespace) = (&*variable.1, &variable.2);
        match namespace.path.first().map(|root| &*root.name) {
            Some(api::ATOM_TYPE) => return self.atom_type(name, *position),
            Some("global") => return,
            Some(other) => {
                let cause = format!("there is no module `{other}`");
                return self.problem(*position, cause);
            }
            None => {}
        }
        let is_known = self.is_variable(name)
            || self.names.is_own(name)
            || name == api::PLAN
            || api::RESERVED.contains(&name);
        if !is_known {
            let variables = self.variables.iter().map(String::as_str);
            let known: Vec<&str> = variables.chain(api::RESERVED).collect();
            let problem = Problem::new(*position, format!("unknown variable `{name}`"));
            let problem = problem.meant(name, known);
            self.problems.push(problem);
        }
    }
}

/// `tests`, `git`, `grits` or `AtomType`.
pub(super) struct Object<'a> {
    pub(super) name: &'a str,
    /// `None` of `AtomType`.
    pub(super) owner: Option<Owner>,
}

pub(super) fn object(expression: &Expr) -> Option<Object<'_>> {
    let Expr::Variable(variable, _, _) = expression else {
        return None;
    };
    if !variable.2.is_empty() {
        return None;
    }
    let name = &*variable.1;
    let owner = Owner::find(name);
    (owner.is_some() || name == api::ATOM_TYPE).then_some(Object { name, owner })
}
