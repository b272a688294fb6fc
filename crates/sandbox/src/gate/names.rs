//! Bare names: what Python compares of them, and the builtins that are refused.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfkc_quick};

/// A name as Python knows it: `ｅval` is `eval`.
pub(super) fn normal(name: &str) -> Cow<'_, str> {
    if name.is_ascii()
        || matches!(
            is_nfkc_quick(name.chars()),
            unicode_normalization::IsNormalized::Yes
        )
    {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.nfkc().collect())
    }
}

/// Why a builtin is refused, and what to write instead.
pub(super) fn refused(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "eval" | "exec" | "compile" => (
            "it runs text as code",
            "`ast.literal_eval` and `json.loads` read values",
        ),
        "__import__" => (
            "it imports by a name that is not in the text",
            "write an `import`",
        ),
        "__builtins__" | "__loader__" | "__spec__" | "__build_class__" => {
            ("it leads into the interpreter", "")
        }
        "open" => (
            "it opens files",
            "`ctx.assets` has the files that belong to the version",
        ),
        "input" => (
            "nobody sits at a terminal",
            "`ctx.ask` asks the person at the client",
        ),
        "breakpoint" => (
            "it starts a debugger",
            "`ctx.log` and `print` tell what happens",
        ),
        "help" => (
            "it starts a pager",
            "`ctx.log` and `print` tell what happens",
        ),
        "exit" | "quit" => ("it ends the worker", "`return`, or raise a `ToolError`"),
        "globals" | "locals" | "vars" => (
            "it reaches variables by their names",
            "a `dict` of your own says what may be in it",
        ),
        _ => return None,
    })
}

/// Builtins that take an attribute by its name: which of their arguments is the name. `hasattr` is not
/// among them, as it answers no more than yes or no.
pub(super) fn takes_attribute(name: &str) -> bool {
    matches!(name, "getattr" | "setattr" | "delattr")
}
