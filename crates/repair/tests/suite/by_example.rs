//! Texts of a program that no list of texts has, and regular expressions: what failing tests got and wanted tells
//! them.

use crate::support::{holds, trial};

fn is_repaired(program: &str, cases: &str, further: &str) {
    let report = trial(program, cases).run().unwrap();

    assert!(report.repaired, "{report:#?}");
    assert!(holds(&report.text.unwrap(), further), "{}", report.diff);
}

#[test]
fn what_stands_between_items_is_read_from_a_list_that_is_wanted() {
    is_repaired(
        r#"
def route(stops):
    return " > ".join(stop.title() for stop in stops)
"#,
        r#"
            route(["ulm", "bonn"]) -> "Ulm => Bonn"
            route(["ulm", "bonn", "kiel"]) -> "Ulm => Bonn => Kiel"
            route(["ulm"]) -> "Ulm"
        "#,
        r#"route(["a", "b", "c", "d"]) -> "A => B => C => D""#,
    );
}

#[test]
fn what_stands_between_values_is_read_from_a_text_that_is_wanted() {
    is_repaired(
        r#"
def progress(done, count):
    return f"{done} of {count} files"
"#,
        r#"
            progress(1, 3) -> "1 out of 3 files"
            progress(20, 20) -> "20 out of 20 files"
        "#,
        r#"progress(7, 900) -> "7 out of 900 files""#,
    );
}

#[test]
fn a_greeting_is_read_from_what_is_wanted() {
    is_repaired(
        r#"
def letter(name, body):
    return {"head": "Dear " + name + ",", "body": body.strip()}
"#,
        r#"
            letter("Ann", " x ") -> {"head": "Good morning Ann,", "body": "x"}
            letter("Bo", "y") -> {"head": "Good morning Bo,", "body": "y"}
        "#,
        r#"letter("Cleo", "") -> {"head": "Good morning Cleo,", "body": ""}"#,
    );
}

#[test]
fn letters_that_were_left_belong_to_those_that_are_taken_away() {
    is_repaired(
        r#"
def bare(word):
    return word.strip(".,;")
"#,
        r#"
            bare("so!") -> "so"
            bare("well...") -> "well"
            bare("(a)") -> "(a)"
            bare("no,") -> "no"
        "#,
        r#"bare("!why!;") -> "why""#,
    );
}

#[test]
fn a_run_of_letters_is_one_match() {
    is_repaired(
        r#"
import re

def slug(title):
    return re.sub(r"[^a-z0-9]", "-", title.lower()).strip("-")
"#,
        r#"
            slug("One Two") -> "one-two"
            slug("One, two") -> "one-two"
            slug("a -- b") -> "a-b"
        "#,
        r#"slug("x   (y)") -> "x-y""#,
    );
}

#[test]
fn a_letter_that_tests_tell_of_belongs_to_a_set() {
    is_repaired(
        r#"
import re

def names(text):
    return re.findall(r"[A-Za-z]+", text)
"#,
        r#"
            names("Ann Lee") -> ["Ann", "Lee"]
            names("Jean-Luc, Bo") -> ["Jean-Luc", "Bo"]
        "#,
        r#"names("Mary-Jane Smith 3") -> ["Mary-Jane", "Smith"]"#,
    );
}
