//! The functions there are: of Rhai, of the API, and of the script itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use rhai::{AST, ASTNode, ScriptFnMetadata, Stmt};

use crate::{api, api::Owner, limits::Limits, problem::Problem, run};

type Arities = BTreeSet<usize>;

/// What Rhai has and a script has not: they wait, leave without a word, or run text.
const REFUSED: [&str; 6] = ["eval", "exit", "sleep", "timestamp", "Fn", "take"];

/// What Rhai does itself rather than by a function.
const KEYWORDS: [(&str, &[usize]); 8] = [
    ("print", &[1]),
    ("debug", &[1]),
    ("type_of", &[1]),
    ("is_def_var", &[1]),
    ("is_def_fn", &[2]),
    ("is_shared", &[1]),
    ("call", &[1, 2, 3, 4, 5, 6]),
    ("curry", &[2, 3, 4, 5, 6]),
];

/// The built-in functions by name.
static BUILT_IN: LazyLock<BTreeMap<String, Arities>> = LazyLock::new(|| {
    let engine = run::plain(&Limits::default());
    let found = engine.collect_fn_metadata(
        None,
        |info| Some((info.metadata.name.to_string(), info.metadata.num_params)),
        true,
    );
    let keywords = KEYWORDS
        .iter()
        .flat_map(|(name, arities)| arities.iter().map(|arity| ((*name).to_owned(), *arity)));
    let mut names: BTreeMap<String, Arities> = BTreeMap::new();
    for (name, arity) in found.into_iter().chain(keywords) {
        let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if is_word && !name.contains('$') && !REFUSED.contains(&name.as_str()) {
            names.entry(name).or_default().insert(arity);
        }
    }
    names
});

/// The functions that one script can call.
pub(super) struct Names {
    own: BTreeMap<String, Arities>,
}

impl Names {
    pub(super) fn of(ast: &AST) -> Self {
        let mut own: BTreeMap<String, Arities> = BTreeMap::new();
        for function in ast.iter_functions() {
            own.entry(function.name.to_owned())
                .or_default()
                .insert(function.params.len());
        }
        Self { own }
    }

    /// How many arguments the function takes, `None` when there is none of that name.
    pub(super) fn arities(&self, name: &str) -> Option<Arities> {
        if let Some(function) = api::find(Owner::Script, name) {
            return Some(function.arities().collect());
        }
        let own = self.own.get(name).into_iter().flatten();
        let built_in = BUILT_IN.get(name).into_iter().flatten();
        let arities: Arities = own.chain(built_in).copied().collect();
        (!arities.is_empty()).then_some(arities)
    }

    /// How many arguments it takes after the dot; the value before the dot is the first argument
    /// of what is not the script's own.
    pub(super) fn method_arities(&self, name: &str) -> Option<Arities> {
        let own = self.own.get(name).into_iter().flatten().copied();
        let api = api::find(Owner::Script, name)
            .into_iter()
            .flat_map(api::Function::arities);
        let built_in = BUILT_IN.get(name).into_iter().flatten().copied();
        let without_first = api.chain(built_in).filter_map(|arity| arity.checked_sub(1));
        let arities: Arities = own.chain(without_first).collect();
        (!arities.is_empty()).then_some(arities)
    }

    pub(super) fn is_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }

    /// Every function that can be called on its own.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let own = self.own.keys().map(String::as_str);
        let built_in = BUILT_IN.keys().map(String::as_str);
        let api = api::members(Owner::Script).map(|name| -> &str { name });
        api.chain(own.filter(|name| !name.contains('$')))
            .chain(built_in)
    }

    /// What is wrong with the name and the parameters of a function of the script.
    pub(super) fn in_signature(function: &ScriptFnMetadata<'_>, body: &[Stmt]) -> Vec<Problem> {
        let Some(first) = body.first() else {
            return Vec::new();
        };
        let is_closure = function.name.contains('$');
        let takes_name = api::find(Owner::Script, function.name).is_some()
            || BUILT_IN.contains_key(function.name)
            || REFUSED.contains(&function.name);
        let mut problems = Vec::new();
        if takes_name {
            let cause = format!(
                "`{}` is there already: call the function otherwise",
                function.name
            );
            problems.push(Problem::new(first.position(), cause));
        }
        // What a closure captures is among its parameters.
        let taken = function
            .params
            .iter()
            .filter(|name| !is_closure && api::RESERVED.contains(name));
        for name in taken {
            let cause = format!("`{name}` is part of the API and cannot be a parameter");
            problems.push(Problem::new(first.position(), cause));
        }
        problems
    }
}

/// Why a function that Rhai has is not there.
pub(super) fn refusal(name: &str) -> Option<&'static str> {
    match name {
        "eval" => Some("a script runs nothing but the text that was checked"),
        "exit" => Some("a script ends with `return` or `throw`"),
        "sleep" | "timestamp" => Some("a script has no clock"),
        "rand" | "random" | "shuffle" | "sample" => Some("a script has no chance in it"),
        "Fn" => Some("a closure `|x| …` or the bare name of a function is one already"),
        "take" => Some("a value is used where it is"),
        _ => None,
    }
}

/// The statements of one function of the script: the tree shows them, but not whose they are.
pub(super) fn body(ast: &AST, name: &str, arity: usize) -> Vec<Stmt> {
    let mut alone = ast.clone_functions_only();
    alone.retain_functions(|_, _, found, parameters| found == name && parameters == arity);
    let mut statements = Vec::new();
    alone.walk(&mut |path| {
        if let [ASTNode::Stmt(statement)] = path {
            statements.push((*statement).clone());
        }
        true
    });
    statements
}
