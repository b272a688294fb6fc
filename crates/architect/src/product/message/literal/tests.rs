use serde_json::json;

use super::*;

fn check(text: &str, expected: &Value) {
    assert_eq!(read(text), Some((expected.clone(), text.len())), "{text}");
}

#[test]
fn a_python_literal_becomes_its_json_value() {
    check("'it\\'s'", &json!("it's"));
    check("\"a\\tb\"", &json!("a\tb"));
    check("r'\\d+'", &json!("\\d+"));
    check("'a' 'b'", &json!("ab"));
    check("'''a\nb'''", &json!("a\nb"));
    check("''", &json!(""));
    check("“Café”", &json!("Café"));
    check("'\\u00e9\\x41\\U0001F600'", &json!("éA😀"));
    check("\"\\ud83d\\ude00\"", &json!("😀"));
    check("None", &Value::Null);
    check("[True, false, null]", &json!([true, false, null]));
    check("1_000", &json!(1000));
    check("-0x1F", &json!(-31));
    check("2.5e-3", &json!(0.0025));
    check("(1, 'a',)", &json!([1, "a"]));
    check("(1)", &json!(1));
    check("(1,)", &json!([1]));
    check("()", &json!([]));
    check(
        "{'a': [1, {'b': ()}], \"c\": -1.0,}",
        &json!({"a": [1, {"b": []}], "c": -1.0}),
    );
}

#[test]
fn a_literal_ends_where_the_sentence_goes_on() {
    assert_eq!(read("2. It is"), Some((json!(2), 1)));
    assert_eq!(read("'a', not 'b'"), Some((json!("a"), 3)));
    assert_eq!(read("'' is 'x"), Some((json!(""), 2)));
    assert_eq!(read("1.5."), Some((json!(1.5), 3)));
}

#[test]
fn what_is_no_literal_or_no_json_is_no_value() {
    let deep = "[".repeat(DEPTH_MAX + 2);
    let texts = [
        "",
        "cafe",
        "f(1)",
        "{1: 2}",
        "{1, 2}",
        "b'x'",
        "'open",
        "'a\nb'",
        "[1, x]",
        "18446744073709551616",
        "1e999",
        "'\\ud800'",
        "- 1",
        "'\\xé1'",
        &deep,
    ];

    for text in texts {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn a_call_is_its_name_and_its_arguments() {
    let (call, end) = read_call("f('a', 2, *").map_or((None, 0), |(call, end)| (Some(call), end));
    assert_eq!((call, end), (None, 0));

    let (call, end) = read_call("f('a)', [1], key = {'b': None}) == 1").unwrap();

    assert_eq!(end, 31);
    assert_eq!(call.name, "f");
    assert_eq!(call.positional, [json!("a)"), json!([1])]);
    assert_eq!(
        call.keywords,
        [("key".to_owned(), json!({"b": null}))].into()
    );
    assert_eq!(read_call("f(a=1, 2)"), None);
    assert_eq!(read_call("f(a=1, a=2)"), None);
    assert_eq!(read_call("f(x)"), None);
    assert_eq!(read_call("f 1"), None);
}
