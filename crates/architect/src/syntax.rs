//! What a coder may ask before it answers: does this parse?

use std::{path::Path, sync::Arc};

use atoms::{CheckSyntax, SyntaxProblem};
use serde::de::IgnoredAny;

/// Looks at Python and JSON, and runs neither.
pub fn check_syntax() -> CheckSyntax {
    Arc::new(|path, code| {
        let ending = Path::new(path).extension().and_then(|it| it.to_str());
        match ending {
            Some("py") => python(code),
            Some("json") => json(code),
            _ => Err(problem(
                1,
                1,
                "only files of Python (`.py`) and JSON are checked",
            )),
        }
    })
}

fn python(code: &str) -> Result<(), SyntaxProblem> {
    topology::first_break(code).map_or(Ok(()), |it| Err(problem(it.line, it.column, &it.what)))
}

fn json(code: &str) -> Result<(), SyntaxProblem> {
    let read = serde_json::from_str::<IgnoredAny>(code);
    read.map(|_read| ()).map_err(|error| {
        let told = error.to_string();
        let what = told.split(" at line").next().unwrap_or(&told);
        problem(error.line(), error.column(), what)
    })
}

fn problem(line: usize, column: usize, message: &str) -> SyntaxProblem {
    let number = |it: usize| u32::try_from(it.max(1)).unwrap_or(u32::MAX);
    SyntaxProblem {
        line: number(line),
        column: number(column),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_parse_is_told_by_its_place() {
        let check = check_syntax();
        let deep = "(".repeat(2_000);
        for (path, code, expected) in [
            ("a.py", "def f(x: int) -> int:\n    return x\n", "it parses"),
            ("a.py", "", "it parses"),
            (
                "a.py",
                "x = 1\ndef f(:\n    pass\n",
                "line 2, column 7: `)` is missing",
            ),
            ("a.py", "f('ü', $)\n", "line 1, column 8: unexpected `$`"),
            (
                "a.py",
                "print 'x'\n",
                "line 1, column 1: `print_statement` is of Python 2",
            ),
            ("a.py", &deep, "line 1, column 1"),
            ("a.json", "{\"a\": [1, 2]}", "it parses"),
            (
                "a.json",
                "{\n  \"a\": }",
                "line 2, column 8: expected value",
            ),
            ("a.md", "# x", "line 1, column 1: only files of Python"),
        ] {
            let told = match check(path, code) {
                Ok(()) => "it parses".to_owned(),
                Err(problem) => problem.to_string(),
            };
            assert!(told.starts_with(expected), "{code:.40}: {told}");
        }
    }
}
