//! Calls: the name, how many arguments, and what those are that stand there as they are.

use std::collections::BTreeSet;

use rhai::{Dynamic, Expr, FnCallExpr, FnPtr, Position, Stmt};

use super::{
    names,
    walk::{Object, Walk, object},
};
use crate::{
    api::{self, BadValue, Function, Owner, Sort},
    call::AtomKind,
    problem::Problem,
    value,
};

impl Walk<'_> {
    /// `name(…)`.
    pub(super) fn call(&mut self, call: &FnCallExpr, position: Position) {
        if call.is_operator_call() {
            return self.expressions(&call.args);
        }
        let name = &*call.name;
        if call.is_qualified() {
            let cause = format!("there is no module `{}`", call.namespace);
            self.problem(position, cause);
        } else if let Some(function) = api::find(Owner::Script, name) {
            self.arguments(function, call, position);
        } else if let Some(arities) = self.names.arities(name) {
            self.arity(name, &arities, call.args.len(), position);
        } else {
            let problem = self.unknown_function(name, position);
            self.problems.push(problem);
        }
        self.expressions(&call.args);
    }

    /// `value.name(…)`.
    pub(super) fn method(&mut self, call: &FnCallExpr, position: Position) {
        let name = &*call.name;
        if name == "push" {
            self.kept_closure(call, position);
        }
        if let Some(arities) = self.names.method_arities(name) {
            self.arity(name, &arities, call.args.len(), position);
        } else {
            let problem = self.unknown_function(name, position);
            self.problems.push(problem);
        }
        self.expressions(&call.args);
    }

    /// `tests.name(…)`.
    pub(super) fn member_call(
        &mut self,
        object: &Object<'_>,
        call: &FnCallExpr,
        position: Position,
    ) {
        let name = &*call.name;
        match object.owner.map(|owner| (owner, api::find(owner, name))) {
            Some((_, Some(function))) => self.arguments(function, call, position),
            Some((owner, None)) => {
                let known: Vec<&str> = api::members(owner).collect();
                self.problems
                    .push(unknown_member(owner.name(), name, &known, position));
            }
            None => {
                let known = AtomKind::ALL.map(AtomKind::name);
                let problem = unknown_member(api::ATOM_TYPE, name, &known, position);
                self.problems.push(problem);
            }
        }
        self.expressions(&call.args);
    }

    /// A closure that outlives its turn of a loop sees the variable of the loop as it is then.
    fn kept_closure(&mut self, call: &FnCallExpr, position: Position) {
        let captured = call.args.iter().flat_map(captured);
        let shared = captured.filter(|name| self.is_loop_variable(name));
        for name in shared.collect::<Vec<_>>() {
            let cause = format!(
                "every closure sees the last `{name}` of the loop: capture a `let` of its own, or use `map`"
            );
            self.problem(position, cause);
        }
    }

    fn unknown_function(&self, name: &str, position: Position) -> Problem {
        if let Some(why) = names::refusal(name) {
            return Problem::new(position, format!("`{name}` is not there: {why}"));
        }
        if self.is_variable(name) {
            let cause = format!("`{name}` is a variable: call what it holds by `{name}.call(…)`");
            return Problem::new(position, cause);
        }
        let problem = Problem::new(position, format!("unknown function `{name}`"));
        match api::FUNCTIONS.iter().find(|function| function.name == name) {
            Some(function) => Problem {
                nearest: Some(function.full_name()),
                ..problem
            },
            None => problem.meant(name, self.names.all()),
        }
    }

    fn arity(&mut self, name: &str, allowed: &BTreeSet<usize>, found: usize, position: Position) {
        if !allowed.contains(&found) {
            let cause = format!("`{name}` takes {}, not {found}", arguments_of(allowed));
            self.problem(position, cause);
        }
    }

    fn arguments(&mut self, function: &Function, call: &FnCallExpr, position: Position) {
        let name = function.full_name();
        let allowed: BTreeSet<usize> = function.arities().collect();
        self.arity(&name, &allowed, call.args.len(), position);
        for (parameter, argument) in function.parameters.iter().zip(&call.args) {
            if let Err((position, bad)) = self.argument(parameter.sort, argument) {
                let cause = bad.of(&name, parameter.name);
                let problem = Problem::new(position, cause);
                self.problems.push(match bad.meant {
                    Some((word, words)) => problem.meant(&word, words.iter().copied()),
                    None => problem,
                });
            }
        }
    }

    /// Fails where an argument is seen to be of another sort.
    fn argument(&self, sort: Sort, argument: &Expr) -> Result<(), (Position, BadValue)> {
        let position = argument.position();
        if let Some(within) = self.within(sort, argument) {
            return within;
        }
        if let Some(value) = known_value(argument) {
            return sort.accept(&value).map(drop).map_err(|bad| (position, bad));
        }
        if let Some(object) = object(argument) {
            return Err((position, sort.bad(&format!("`{}` itself", object.name))));
        }
        match (sort, argument) {
            (Sort::Answer, Expr::Map(..)) | (Sort::Data | Sort::Words, _) => Ok(()),
            (_, Expr::Map(..)) => Err((position, sort.bad("a map"))),
            (_, Expr::Array(..)) => Err((position, sort.bad("a list"))),
            (Sort::Text, _) => Ok(()),
            (_, Expr::InterpolatedString(..)) => Err((position, sort.bad("a text"))),
            _ => Ok(()),
        }
    }

    /// The same for each part of a map of options or a list, where its place can be told.
    fn within(&self, sort: Sort, argument: &Expr) -> Option<Result<(), (Position, BadValue)>> {
        match (sort, argument) {
            (Sort::Options, Expr::Map(members, _)) => {
                let mut members = members.0.iter();
                Some(members.try_for_each(|(name, value)| {
                    let sort = Sort::of_option(&name.name).map_err(|bad| (name.pos, bad))?;
                    self.argument(sort, value)
                        .map_err(|(position, bad)| (position, bad.within(&name.name)))
                }))
            }
            (Sort::Closures, Expr::Array(items, _)) => {
                Some(items.iter().try_for_each(|item| self.branch(item)))
            }
            (Sort::Symbols, Expr::Array(items, _)) => {
                Some(items.iter().try_for_each(|item| match known_value(item) {
                    Some(value) if value::text(&value).is_none() => {
                        let found = format!("one with {} in it", value::describe(&value));
                        Err((item.position(), sort.bad(&found)))
                    }
                    _ => Ok(()),
                }))
            }
            _ => None,
        }
    }

    /// One of the closures of `parallel`.
    fn branch(&self, item: &Expr) -> Result<(), (Position, BadValue)> {
        let position = item.position();
        if let Some((name, captured)) = closure(item) {
            let arities = self.names.arities(&name).unwrap_or_default();
            if arities.contains(&captured) {
                return Ok(());
            }
            return Err((position, Sort::Closures.bad("one that has some")));
        }
        match known_value(item) {
            Some(value) => {
                let found = value::describe(&value);
                Err((
                    position,
                    Sort::Closures.bad(&format!("one with {found} in it")),
                ))
            }
            None => Ok(()),
        }
    }
}

/// What an expression is before anything runs.
fn known_value(expression: &Expr) -> Option<Dynamic> {
    let kind = |name: &str| {
        let kinds = AtomKind::ALL.into_iter();
        kinds
            .clone()
            .find(|kind| kind.name() == name)
            .map(Dynamic::from)
    };
    match expression {
        Expr::Dot(pair, _, _) => match (object(&pair.lhs), &pair.rhs) {
            (Some(object), Expr::Property(property, _)) if object.owner.is_none() => {
                kind(&property.2)
            }
            _ => None,
        },
        Expr::Variable(variable, _, _) => {
            let root = variable.2.path.first()?;
            (root.name == api::ATOM_TYPE)
                .then(|| kind(&variable.1))
                .flatten()
        }
        Expr::FnCall(..) => None,
        literal => literal.get_literal_value(None),
    }
}

/// The name of a closure's function, and how many variables it captured.
fn closure(expression: &Expr) -> Option<(String, usize)> {
    match expression {
        Expr::DynamicConstant(value, _) => {
            let pointer = value.read_lock::<FnPtr>()?;
            Some((pointer.fn_name().to_owned(), 0))
        }
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Share(_), Stmt::Expr(curried)] => match &**curried {
                Expr::FnCall(curry, _) => {
                    let (name, _) = closure(curry.args.first()?)?;
                    Some((name, curry.args.len() - 1))
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn unknown_member(
    object: &str,
    name: &str,
    known: &[&str],
    position: Position,
) -> Problem {
    let cause = format!("`{object}` has no member `{name}`");
    let problem = Problem::new(position, cause).meant(name, known.iter().copied());
    if problem.nearest.is_some() {
        return problem;
    }
    let known = known.join(", ");
    Problem {
        cause: format!("{}; it has {known}", problem.cause),
        ..problem
    }
}

/// The variables that a closure captures.
fn captured(expression: &Expr) -> Vec<&str> {
    let Expr::Stmt(block) = expression else {
        return Vec::new();
    };
    match block.statements() {
        [Stmt::Share(shared), ..] => shared.iter().map(|(name, _)| &*name.name).collect(),
        _ => Vec::new(),
    }
}

fn arguments_of(allowed: &BTreeSet<usize>) -> String {
    let numbers: Vec<String> = allowed.iter().map(usize::to_string).collect();
    match &*numbers {
        [one] if one == "1" => "1 argument".to_owned(),
        [one] if one == "0" => "no arguments".to_owned(),
        list => format!("{} arguments", list.join(" or ")),
    }
}
