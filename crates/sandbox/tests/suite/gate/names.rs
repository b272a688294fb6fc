//! Imports, builtins and attributes.

use super::{all_pass, all_refused, policy, refusals, refused, refused_by, told};
use sandbox::gate::Policy;

#[test]
fn what_is_refused_says_where_and_why_and_what_to_write_instead() {
    let source = "\
import os
from random import _os
import requests

def run(text: str) -> str:
    kind = text.__class__
    pick = getattr(text, kind)
    return eval(text)
";

    let told = told(&Policy::default(), "tools/runner/it.py", source);

    insta::assert_snapshot!(told, @r"
    tools/runner/it.py:1:8: import: `os`: it reaches the machine: its files, its processes, its environment
        what a tool needs comes as an argument, from `ctx.state` or from `ctx.assets`
    tools/runner/it.py:2:20: import: `random._os`: `_os` is an inner part of `random`
    tools/runner/it.py:3:8: import: `requests`: it is neither in the standard library nor a package that the workspace declares
        packages are declared in `tools/requirements.txt`; what modules share is in `tools/lib`
    tools/runner/it.py:6:17: attribute: `__class__`: it leads into the interpreter
        `type(x)` is the class of x
    tools/runner/it.py:7:26: computed-attribute: `getattr`, and which attribute that is, is not in the text
        a `dict` from names to what they stand for can be read
    tools/runner/it.py:8:12: builtin: `eval`: it runs text as code
        `ast.literal_eval` and `json.loads` read values
    ");
}

#[test]
fn imports_outside_the_policy_are_refused_however_they_are_written() {
    all_refused(&[
        ("import os", "1:8 import"),
        ("import json, os.path as p, re", "1:14 import"),
        ("import os.path", "1:8 import"),
        ("from os import *", "1:6 import"),
        (
            "from os import (path, # here\n    environ)",
            "1:6 import\n1:17 import",
        ),
        ("from os import path as p", "1:16 import"),
        ("from urllib import parse, request", "1:6 import"),
        ("import urllib.request", "1:8 import"),
        ("from asyncio import gather, subprocess", "1:29 import"),
        ("from io import StringIO, open", "1:26 import"),
        ("from random import _os", "1:20 import"),
        ("from typing import sys as s", "1:20 import"),
        ("import _io", "1:8 import"),
        ("import numpy as np", "1:8 import"),
        ("if True:\n    import \\\n  subprocess", "3:3 import"),
        (
            "def f():\n    try: import ctypes\n    except E: pass",
            "2:17 import",
        ),
        ("x = 1; import socket; y = 2", "1:15 import"),
        ("import ｏｓ", "1:8 import"),
        (
            "import importlib\nimportlib.import_module('os')",
            "1:8 import",
        ),
        ("__import__('os')", "1:1 builtin"),
        ("import luthier._host", "1:8 import"),
    ]);
}

#[test]
fn what_computes_can_be_imported() {
    all_pass(&[
        "from __future__ import annotations",
        "import json, re, math, collections.abc",
        "import xml.etree.ElementTree as tree",
        "import urllib.parse\nurllib.parse.quote('x')",
        "from http import HTTPStatus",
        "from sys import maxsize",
        "from inspect import cleandoc",
        "from datetime import time\nfrom typing import *",
        "from luthier import Context, resource, tool\nimport luthier\n@luthier.resource('a://b')\ndef f(): ...",
        "from lib import tables\nimport lib.words as w",
        "from fastmcp import FastMCP",
    ]);
}

#[test]
fn dots_lead_to_neighbours_within_lib_and_nowhere_else() {
    let refused = |file: &str, source: &str| {
        let refusals = refusals(&Policy::default(), file, source);
        refusals
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };

    assert_eq!(
        refused(
            "tools/lib/tuning/arms.py",
            "from . import bandit\nfrom ..words import fold"
        ),
        ""
    );
    assert_eq!(
        refused(
            "tools/lib/tuning/__init__.py",
            "from .bandit import (\n a as b, c)"
        ),
        ""
    );
    insta::assert_snapshot!(
        refused("tools/lib/tuning/arms.py", "from ... import words"),
        @"tools/lib/tuning/arms.py:1:6: relative-import: it goes beyond `lib`, which is the outermost package"
    );
    insta::assert_snapshot!(refused("tools/runner/a.py", "from .b import c"), @"tools/runner/a.py:1:6: relative-import: a module outside `tools/lib` belongs to no package");
}

#[test]
fn what_an_allowed_module_holds_may_be_refused_by_itself() {
    all_refused(&[
        ("import io\nio.open('x')", "2:4 member"),
        ("import io as i\nx = [i.FileIO]", "2:8 member"),
        (
            "import asyncio\nawait asyncio.create_subprocess_exec('x')",
            "2:15 member",
        ),
        ("import random\nrandom._os.system('x')", "2:12 member"),
        ("import typing as t\nt.sys.modules", "2:7 member"),
        (
            "def f():\n    return re.enum.sys.exit()\nimport re",
            "2:24 member",
        ),
        (
            "import urllib.parse\nurllib.request.urlopen('x')",
            "2:16 member",
        ),
        ("import types\ntypes.FunctionType(c, {})", "2:7 member"),
    ]);
}

#[test]
fn builtins_that_are_refused_are_so_under_any_name() {
    all_refused(&[
        ("eval('1')", "1:1 builtin"),
        ("e = eval", "1:5 builtin"),
        ("map(exec, codes)", "1:5 builtin"),
        ("(lambda run=compile: run)('x')", "1:13 builtin"),
        ("[f for f in [open]]", "1:14 builtin"),
        ("[open for open in [open]]", "1:20 builtin"),
        ("if (e := eval): pass", "1:10 builtin"),
        ("match globals():\n    case {}: pass", "1:7 builtin"),
        ("@eval\ndef f(): ...", "1:2 builtin"),
        ("class C(metaclass=eval): ...", "1:19 builtin"),
        ("f'{eval(x)!r:{locals()}}'", "1:4 builtin\n1:15 builtin"),
        (
            "rf'\\N{eval(x)}' f'\\{vars()}'",
            "1:7 builtin\n1:21 builtin",
        ),
        ("__builtins__['eval']", "1:1 builtin"),
        ("print(*[input])", "1:9 builtin"),
        ("ｅval('1')", "1:1 builtin"),
        ("if x:\n\x0c  eval('1')", "2:4 builtin"),
        ("x = 1;eval('1')", "1:7 builtin"),
        ("x = \\\n  eval", "2:3 builtin"),
        ("'é'; eval", "1:6 builtin"),
        ("\u{feff}eval", "1:1 builtin"),
        ("# a comment\reval('1')", "2:1 builtin"),
        ("x = 1\r\neval('1')\r\n", "2:1 builtin"),
    ]);
}

#[test]
fn a_variable_of_ones_own_is_no_builtin() {
    all_pass(&[
        "def f(input: str, *vars, **help): return input, vars, help",
        "def f():\n    for open, (vars, *help) in x: yield open, vars, help",
        "def f(x):\n    with x as (input, open): return lambda: input",
        "def f(x):\n    match x:\n        case [input, *open] | C(a=vars): return input, open, vars",
        "lambda input: [input for x in y]",
        "[input for input in x if input]",
        "def f():\n    if (input := g()): return [input for x in y]",
        "def f():\n    from re import compile\n    return compile('x')",
        "from re import compile\nX = compile('x')\ndef f(): return compile('y')",
        "def f(input):\n    class C:\n        x = input",
        "class C:\n    def open(self): return self.open()",
        "f(input=1, open=2)",
        "def g(): ...\nhelp = g\nhelp()",
    ]);
}

#[test]
fn a_name_that_is_ones_own_elsewhere_or_later_is_still_the_builtin() {
    all_refused(&[
        ("def f(eval): ...\neval('1')", "2:1 builtin"),
        ("def f(eval=eval): ...", "1:12 builtin"),
        (
            "def f(eval, g: eval) -> eval: ...",
            "1:16 builtin\n1:25 builtin",
        ),
        ("e = eval\ndef eval(): ...", "1:5 builtin"),
        ("eval = eval", "1:8 builtin"),
        ("if x:\n    def eval(): ...\neval('1')", "3:1 builtin"),
        ("def f():\n    global eval\n    return eval", "3:12 builtin"),
        (
            "def f(eval):\n    class C:\n        g = eval\n        eval = 1",
            "3:13 builtin",
        ),
        (
            "from re import compile\ndel compile\nc = compile",
            "3:5 builtin",
        ),
        ("[eval for x in y for eval in z]\neval", "2:1 builtin"),
    ]);
}

#[test]
fn attributes_that_lead_into_the_interpreter_are_refused() {
    all_refused(&[
        (
            "().__class__.__bases__[0].__subclasses__()",
            "1:4 attribute\n1:14 attribute\n1:27 attribute",
        ),
        (
            "f.__globals__['x'], f.__code__",
            "1:3 attribute\n1:23 attribute",
        ),
        ("type(x).__mro__", "1:9 attribute"),
        ("self.__dict__.update(x)", "1:6 attribute"),
        ("x.__class__ = Y", "1:3 attribute"),
        (
            "g.gi_frame.f_back.f_globals",
            "1:3 attribute\n1:12 attribute\n1:19 attribute",
        ),
        ("c.cr_frame, e.tb_frame", "1:3 attribute\n1:15 attribute"),
        ("x.__ｃlass__", "1:3 attribute"),
        ("x._＿class＿_", "1:3 attribute"),
        ("f'{x.__class__}'", "1:6 attribute"),
        (
            "match x:\n    case object(__class__=c): ...",
            "2:17 attribute",
        ),
        ("match x:\n    case a.__globals__: ...", "2:12 attribute"),
        ("def f(x: a.__globals__): ...", "1:12 attribute"),
        ("del x.__dict__", "1:7 attribute"),
        ("x. \\\n  __class__", "2:3 attribute"),
        (
            "async def f():\n    async for x.__dict__ in y: ...",
            "2:17 attribute",
        ),
    ]);
}

#[test]
fn ordinary_dunders_pass() {
    all_pass(&[
        "class C(B):\n    __slots__ = ('a',)\n    def __init__(self): super().__init__()",
        "__all__ = ['f']\nif __name__ == '__main__': ...",
        "x.__class__.__name__, type(x).__qualname__, f.__doc__",
        "list.__getitem__, a.__eq__(b), x.__annotations__, E.__members__",
        "def __getattr__(name): ...",
        "object.__setattr__(self, 'name', value)",
        "class A:\n    __private = 1\n    def f(self): return self.__private",
    ]);
}

#[test]
fn attributes_by_name_are_judged_by_the_name() {
    all_refused(&[
        ("getattr(x, '__class__')", "1:12 attribute"),
        ("getattr(x, '\\x5f_class__')", "1:12 attribute"),
        ("getattr(x, '__cla' 'ss__')", "1:12 attribute"),
        ("getattr(x, '__cla' + 'ss__')", "1:12 computed-attribute"),
        ("getattr(x, name)", "1:12 computed-attribute"),
        ("getattr(x, f'{a}')", "1:12 computed-attribute"),
        ("getattr(x, f'gi_{a}')", "1:12 computed-attribute"),
        (
            "getattr(x, '\\N{LOW LINE}_class__')",
            "1:12 computed-attribute",
        ),
        ("getattr(*args)", "1:9 computed-attribute"),
        ("map(getattr, x, names)", "1:5 computed-attribute"),
        (
            "setattr(x, '__class__', y); delattr(x, '__dict__')",
            "1:12 attribute\n1:40 attribute",
        ),
        ("object.__getattribute__(x, '__dict__')", "1:28 attribute"),
        ("x.__getattribute__(name)", "1:20 computed-attribute"),
        (
            "from operator import attrgetter as a\na('b', 'c.__globals__')",
            "2:8 attribute",
        ),
        (
            "import operator\noperator.methodcaller('__subclasses__')",
            "2:23 attribute",
        ),
        (
            "import operator\nmap(operator.attrgetter, names)",
            "2:14 computed-attribute",
        ),
    ]);
    all_pass(&[
        "getattr(x, 'name', None), setattr(x, 'name', 1), hasattr(x, name)",
        "getattr(self, f'do_{verb}')",
        "getattr(self, 'do_' + verb)",
        "from operator import attrgetter\nattrgetter('a.b', 'c')",
        "def f(getattr): return getattr(1, x)",
    ]);
}

#[test]
fn a_workspace_widens_and_narrows_the_policy() {
    let own = policy(
        r#"
        packages = ["numpy"]

        [imports]
        allow = ["os.path", "zipfile"]
        refuse = ["asyncio", "numpy.ctypeslib"]

        [builtins]
        allow = ["open"]
        refuse = ["print"]

        [attributes]
        allow = ["__dict__"]
        refuse = ["secret"]
        computed = true
        "#,
    );

    let passes =
        "import numpy as np, zipfile\nfrom os import path\nopen(np.x.__dict__, getattr(x, n))";
    let fails =
        "import asyncio\nfrom numpy import ctypeslib\nprint(x.secret)\nfrom os import environ";

    assert_eq!(refused_by(&own, passes), "");
    assert_eq!(
        refused_by(&own, fails),
        "1:8 import\n2:19 import\n3:1 builtin\n3:9 attribute\n4:6 import"
    );
    assert_eq!(refused("import zipfile"), "1:8 import");
}

#[test]
fn a_policy_that_says_nothing_sensible_is_no_policy() {
    let refused = |text: &str| {
        toml::from_str::<Policy>(text)
            .unwrap_err()
            .message()
            .to_owned()
    };

    insta::assert_snapshot!(refused("import = { allow = [] }"), @"unknown field `import`, expected one of `imports`, `builtins`, `attributes`, `packages`, `bounds`");
    insta::assert_snapshot!(refused("imports = { allow = ['os.*'] }"), @"`os.*` is no module: write it as after `import`, such as `xml.etree`, without `*`");
    insta::assert_snapshot!(refused("builtins = { allow = ['o.pen'] }"), @"`o.pen` is no name: write it as Python does, such as `open`");
}
