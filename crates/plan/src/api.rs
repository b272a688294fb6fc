//! What a script can call beside plain Rhai: one table, for the check and for the run.

mod parameter;

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

pub(crate) use parameter::{BadValue, Parameter, Sort};

use crate::call::Call;

/// The function that is no step of its own: its branches are.
pub(crate) const PARALLEL: &str = "parallel";
/// The constant map that holds the analyst's answer.
pub(crate) const PLAN: &str = "plan";
pub(crate) const ATOM_TYPE: &str = "AtomType";
pub(crate) const LOG: &str = "log";

/// Where a function is found: `run_new` of `tests`, or on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Script,
    Tests,
    Git,
    Grits,
}

impl Owner {
    pub(crate) const OBJECTS: [Self; 3] = [Self::Tests, Self::Git, Self::Grits];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Script => "",
            Self::Tests => "tests",
            Self::Git => "git",
            Self::Grits => "grits",
        }
    }

    pub(crate) fn find(name: &str) -> Option<Self> {
        Self::OBJECTS.into_iter().find(|owner| owner.name() == name)
    }
}

/// One function of the API.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) owner: Owner,
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Parameter],
    /// How many of them have to be there.
    pub(crate) required: usize,
    /// What it answers, for those who write scripts.
    gives: &'static str,
}

const fn function(
    owner: Owner,
    name: &'static str,
    parameters: &'static [Parameter],
    gives: &'static str,
) -> Function {
    Function {
        owner,
        name,
        parameters,
        gives,
        required: parameters.len(),
    }
}

const fn parameter(name: &'static str, sort: Sort) -> Parameter {
    Parameter { name, sort }
}

const KIND: Parameter = parameter("kind", Sort::AtomType);
const TASK: Parameter = parameter("task", Sort::Text);
const ID: Parameter = parameter("id", Sort::Text);
const NAME: Parameter = parameter("name", Sort::Text);
const ANSWER: Parameter = parameter("answer", Sort::Answer);
const K: Parameter = parameter("k", Sort::Votes);

pub(crate) static FUNCTIONS: [Function; 26] = [
    Function {
        required: 2,
        ..function(
            Owner::Script,
            "spawn_atom",
            &[KIND, TASK, parameter("options", Sort::Options)],
            "what the atom answered",
        )
    },
    function(
        Owner::Script,
        "run_consensus",
        &[KIND, TASK, K],
        "the answer that was first ahead by `k`",
    ),
    function(
        Owner::Script,
        PARALLEL,
        &[parameter("branches", Sort::Closures)],
        "the results, in the order of the closures",
    ),
    function(
        Owner::Script,
        "check_red_flags",
        &[],
        "the flags as a list, empty when there are none",
    ),
    function(Owner::Script, "snapshot", &[], "its id"),
    function(Owner::Script, "rollback", &[ID], "nothing"),
    function(Owner::Script, "squash", &[ID], "nothing"),
    function(
        Owner::Script,
        "apply",
        &[ANSWER],
        "nothing; fails when the edits do not fit",
    ),
    function(
        Owner::Script,
        "load_context_var",
        &[NAME],
        "what is known of it",
    ),
    function(
        Owner::Script,
        "peek_context",
        &[
            NAME,
            parameter("from", Sort::Count),
            parameter("length", Sort::Count),
        ],
        "a part of its text",
    ),
    function(
        Owner::Script,
        "chunk_context",
        &[NAME, parameter("bytes", Sort::Count)],
        "its parts",
    ),
    function(
        Owner::Script,
        "regex_filter",
        &[NAME, parameter("pattern", Sort::Text)],
        "its lines that match",
    ),
    function(
        Owner::Script,
        LOG,
        &[parameter("text", Sort::Words)],
        "nothing",
    ),
    function(
        Owner::Tests,
        "run",
        &[parameter("tier", Sort::Tier)],
        "`#{passed, failures}`",
    ),
    function(
        Owner::Tests,
        "run_new",
        &[ANSWER],
        "`#{proved, reason}`: were the cases added, and do they fail on the base",
    ),
    function(
        Owner::Git,
        "commit",
        &[parameter("message", Sort::Text)],
        "the id of the commit",
    ),
    function(Owner::Grits, "has_symbol", &[NAME], "`true` or `false`"),
    function(Owner::Grits, "symbol", &[NAME], "what is known of it"),
    Function {
        required: 1,
        ..function(
            Owner::Grits,
            "neighbours",
            &[NAME, parameter("depth", Sort::Count)],
            "a list",
        )
    },
    function(Owner::Grits, "callers", &[NAME], "a list"),
    function(Owner::Grits, "callees", &[NAME], "a list"),
    function(Owner::Grits, "references", &[NAME], "a list"),
    function(Owner::Grits, "cycles", &[], "a list"),
    function(Owner::Grits, "impact", &[NAME], "a list"),
    function(Owner::Grits, "tests_covering", &[NAME], "a list"),
    function(Owner::Grits, "similar", &[NAME], "a list"),
];

/// Everything a script must not name a variable after.
pub(crate) const RESERVED: [&str; 5] = ["tests", "git", "grits", PLAN, ATOM_TYPE];

pub(crate) fn find(owner: Owner, name: &str) -> Option<&'static Function> {
    FUNCTIONS
        .iter()
        .find(|function| function.owner == owner && function.name == name)
}

/// The API as those are told it who write scripts: one line for each function.
pub fn reference() -> String {
    let lines = FUNCTIONS.iter().map(|function| {
        let parameters = function
            .parameters
            .iter()
            .enumerate()
            .map(|(number, parameter)| {
                let is_optional = number >= function.required;
                let mark = if is_optional { "?" } else { "" };
                format!("{}{mark}: {}", parameter.name, parameter.sort.expected())
            });
        let parameters = parameters.collect::<Vec<_>>().join("; ");
        format!(
            "{}({parameters}) -> {}\n",
            function.full_name(),
            function.gives
        )
    });
    lines.collect()
}

/// The names of what belongs to one owner.
pub(crate) fn members(owner: Owner) -> impl Iterator<Item = &'static str> {
    FUNCTIONS
        .iter()
        .filter(move |function| function.owner == owner)
        .map(|function| function.name)
}

impl Function {
    /// As a script writes it.
    pub(crate) fn full_name(&self) -> String {
        match self.owner {
            Owner::Script => self.name.to_owned(),
            owner => format!("{}.{}", owner.name(), self.name),
        }
    }

    pub(crate) fn arities(&self) -> RangeInclusive<usize> {
        self.required..=self.parameters.len()
    }

    /// The call, of arguments that are what its parameters demand.
    pub(crate) fn call(&self, arguments: Vec<Value>) -> Result<Call, String> {
        let names = self.parameters.iter().map(|parameter| parameter.name);
        let mut members: Map<String, Value> = names.map(str::to_owned).zip(arguments).collect();
        members.insert("call".to_owned(), self.full_name().into());
        serde_json::from_value(members.into())
            .map_err(|error| format!("`{}`: {error}", self.full_name()))
    }
}
