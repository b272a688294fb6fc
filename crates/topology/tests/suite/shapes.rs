use topology::shape;

const SAME: [(&str, &str); 37] = [
    ("x=1", "x = 1\n\n"),
    ("f(a,b)", "f( a, b )"),
    ("x = 1 # note", "x = 1"),
    ("def f():\n    return 1", "def f():\n  # why\n  return 1"),
    ("def f():\n    return 1", "def f(): return 1"),
    ("def f():\n\treturn 1", "def f():\n    return 1"),
    ("a = 1; b = 2", "a = 1\nb = 2"),
    ("x = 'a'", "x = \"a\""),
    ("x = 'a'", "x = '''a'''"),
    ("x = 'it\\'s'", "x = \"it's\""),
    ("x = '\\x41\\u0042\\103'", "x = 'ABC'"),
    ("x = r'\\d'", "x = '\\\\d'"),
    ("x = u'a'", "x = 'a'"),
    ("x = b'a'", "x = B\"a\""),
    ("x = 'a' 'b'", "x = 'ab'"),
    ("x = 'a\\\nb'", "x = 'ab'"),
    ("x = f'{a}!'", "x = f\"{ a }!\""),
    ("x = (1)", "x = 1"),
    ("x = ((a + b))", "x = a + b"),
    ("return_ = (a * b) + c", "return_ = a * b + c"),
    ("if (a): pass", "if a:\n    pass"),
    ("def f(): return (a, b)", "def f(): return a, b"),
    ("for (a, b) in c: pass", "for a, b in c: pass"),
    ("(a) = 1", "a = 1"),
    ("x = [1, 2,]", "x = [1, 2]"),
    ("f(a,)", "f(a)"),
    ("f(a=1, b=2)", "f(b=2, a=1)"),
    ("f(x(), a=y, b=-1)", "f(x(), b=-1, a=y)"),
    ("f(a='x', b=None)", "f(b=None, a=\"x\")"),
    ("class A(): pass", "class A: pass"),
    ("class A(B, m=C, n=D): pass", "class A(B, n=D, m=C): pass"),
    ("sum((x for x in y))", "sum(x for x in y)"),
    ("from a import (b, c)", "from a import b, c"),
    ("x = a + \\\n    b", "x = a + b"),
    ("x = a  is   not b", "x = a is not b"),
    ("def f(a, b,): pass", "def f(a, b): pass"),
    ("x = 1\r\ny = 2\r\n", "x = 1\ny = 2\n"),
];

const DIFFERENT: [(&str, &str); 46] = [
    ("if a:\n    b()\n    c()", "if a:\n    b()\nc()"),
    (
        "for a in b:\n    c()\nelse:\n    d()",
        "for a in b:\n    c()\nd()",
    ),
    ("x = 'a b'", "x = 'a  b'"),
    ("x = 'a'", "x = 'A'"),
    ("x = 'a'", "x = b'a'"),
    ("x = '\\\\n'", "x = '\\n'"),
    ("x = r'\\n'", "x = '\\n'"),
    ("x = '\\N{DASH}'", "x = '\\\\N{DASH}'"),
    ("x = '# a'", "x = '# b'"),
    ("x = f'{a}'", "x = '{a}'"),
    ("x = f'{{a}}'", "x = f'{a}'"),
    ("x = f'{a=}'", "x = f'{a = }'"),
    ("x = f'{a!r}'", "x = f'{a}'"),
    ("x = f'{a:>3}'", "x = f'{a:>4}'"),
    ("def f():\n    f'doc'", "def f():\n    'doc'"),
    (
        "def f():\n    'doc'\n    return 1",
        "def f():\n    return 1",
    ),
    ("def f():\n    'doc'", "def f():\n    'dock'"),
    ("f(a, b)", "f(b, a)"),
    ("f(a=1)", "f(b=1)"),
    ("f(a=1, b=2)", "f(a=2, b=1)"),
    ("f(a=g(), b=h())", "f(b=h(), a=g())"),
    ("f(a=x, b=h())", "f(b=h(), a=x)"),
    ("f(a=x.y, b=z)", "f(b=z, a=x.y)"),
    ("f(a=1, **k)", "f(**k, a=1)"),
    ("f(a=1, b=2, **k)", "f(b=2, a=1, **k)"),
    ("f(a=1, *b)", "f(*b, a=1)"),
    ("dict(a=1, b=2)", "dict(b=2, a=1)"),
    (
        "collections.OrderedDict(a=1, b=2)",
        "collections.OrderedDict(b=2, a=1)",
    ),
    ("x = {'a': 1, 'b': 2}", "x = {'b': 2, 'a': 1}"),
    ("x = (a + b) * c", "x = a + b * c"),
    ("x = (a < b) < c", "x = a < b < c"),
    ("x = (1,)", "x = (1)"),
    ("x = 1,", "x = 1"),
    ("x,", "x"),
    ("a, = b", "a = b"),
    ("x = a[b,]", "x = a[b]"),
    ("x = a[1:]", "x = a[:1]"),
    (
        "match a:\n    case (b,): pass",
        "match a:\n    case (b): pass",
    ),
    ("x = a and b", "x = a or b"),
    ("x = a is b", "x = a is not b"),
    ("async def f(): pass", "def f(): pass"),
    ("def f(a, /): pass", "def f(a): pass"),
    ("def f(*, a): pass", "def f(a): pass"),
    ("x = 1", "x = 1.0"),
    ("x += 1", "x -= 1"),
    ("(x): int = 1", "x: int = 1"),
];

#[test]
fn texts_that_mean_the_same_have_one_shape() {
    for (left, right) in SAME {
        assert_eq!(
            shape(left).unwrap(),
            shape(right).unwrap(),
            "{left} / {right}"
        );
    }
}

#[test]
fn texts_that_may_mean_something_else_have_different_shapes() {
    for (left, right) in DIFFERENT {
        assert_ne!(
            shape(left).unwrap(),
            shape(right).unwrap(),
            "{left} / {right}"
        );
    }
}

#[test]
fn what_is_not_python_has_no_shape() {
    let deep = format!("{}1{}", "(".repeat(9_000), ")".repeat(9_000));
    let told: Vec<String> = ["def f(:", "x = = 1", "if a:\nb()", "print 'x'", &deep]
        .iter()
        .map(|text| shape(text).unwrap_err().to_string())
        .collect();

    insta::assert_snapshot!(told.join("\n"), @r"
    the text cannot be compared: line 1 is not Python: `)` is missing
    the text cannot be compared: line 1 is not Python: unexpected `=`
    the text cannot be compared: line 1 is not Python: a block needs a statement
    the text cannot be compared: line 1 is not Python: `print_statement` is of Python 2
    the text cannot be compared: line 1 is nested deeper than 400 levels: split it
    ");
}
