use proptest::prelude::*;

use super::*;

const TEXT: &str = r#""""A module."""
RATE = 3; LIMIT = 4


class Till:
    kind = "till"

    def __init__(self):
        self.sum = 0

    @property
    def total(self): return self.sum * RATE


@staticmethod
def added(one, *rest):
    """Adds."""
    while rest: one, rest = one + rest[0], rest[1:]
    for more in rest:
        if more:
            one += more
    return one


async def later(): pass
"#;

fn program() -> Program {
    Program::parse(TEXT).unwrap()
}

fn uncounted(text: &str) -> String {
    let counter = format!("{STEP}()");
    let lines: Vec<String> = text
        .lines()
        .filter(|line| line.trim() != counter)
        .map(|line| line.replace(&format!("{counter}; "), ""))
        .collect();
    lines.join("\n")
}

#[test]
fn the_parts_of_a_module_are_its_functions_methods_and_values() {
    let program = program();

    let names: Vec<&str> = program
        .units
        .iter()
        .map(|unit| unit.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "=",
            "=Till",
            "Till.__init__",
            "Till.total",
            "added",
            "later"
        ]
    );
}

#[test]
fn of_functions_of_one_name_the_last_one_is_a_part() {
    let program = Program::parse("def f():\n    return 1\n\ndef f():\n    return 2\n").unwrap();

    assert_eq!(program.units.len(), 1);
    assert!(program.part(0, &[]).contains("return 2"));
}

#[test]
fn steps_are_counted_at_each_turn_and_each_start_and_change_nothing_else() {
    let counted = program().counted();

    assert_eq!(counted.matches(&format!("{STEP}()")).count(), 6);
    assert_eq!(uncounted(&counted), TEXT.trim_end());
    assert!(Program::parse(&counted).is_ok());
}

#[test]
fn each_line_with_steps_knows_which_line_it_was() {
    let program = program();
    let counted = program.counted();

    let own: Vec<&str> = TEXT.lines().collect();
    let lines = program.lines();

    for (place, line) in counted.lines().enumerate() {
        let before = own[lines[place + 1] - 1];
        if line.trim() != format!("{STEP}()") {
            assert_eq!(uncounted(line), before);
        }
    }
    assert_eq!(lines.len(), counted.lines().count() + 1);
}

#[test]
fn a_line_is_found_by_any_byte_on_it() {
    let program = program();

    for (at, _) in TEXT.char_indices() {
        let counted = TEXT[..at].matches('\n').count() + 1;
        assert_eq!(program.line_at(at), counted);
    }
}

#[test]
fn what_is_inserted_at_the_start_of_a_function_comes_before_its_step() {
    let program = Program::parse("def f(n):\n    return n\n").unwrap();
    let guard = Splice {
        range: 14..14,
        text: "n += 1\n    ".to_owned(),
    };

    let part = program.part(0, &[guard]);

    assert_eq!(
        part,
        format!("def f(n):\n    n += 1\n    {STEP}()\n    return n")
    );
}

#[test]
fn a_text_that_is_not_python_is_refused_with_its_line() {
    let refused = |text: &str| Program::parse(text).unwrap_err();

    assert_eq!(refused("x = 1\ny = = 2\n"), BadProgram::Syntax { line: 2 });
    let long = " ".repeat(SOURCE_BYTES_MAX + 1);
    assert_eq!(
        refused(&long),
        BadProgram::TooLarge {
            bytes: SOURCE_BYTES_MAX + 1
        }
    );
}

/// Integers of the text with other ones in their place, each by itself or not.
fn splices(program: &Program, unit: usize, chosen: &[Option<u8>]) -> Vec<Splice> {
    let mut places = Vec::new();
    let mut waiting: Vec<Node<'_>> = program.node(unit).into_iter().collect();
    while let Some(node) = waiting.pop() {
        if matches!(node.kind(), "identifier" | "integer") && node.child_count() == 0 {
            places.push(node.byte_range());
        }
        waiting.extend(named(node));
    }
    let pairs = places.into_iter().zip(chosen);
    pairs
        .filter_map(|(range, number)| number.map(|number| (range, number)))
        .map(|(range, number)| Splice {
            range,
            text: format!("name_{number}"),
        })
        .collect()
}

proptest! {
    #[test]
    fn a_part_with_changes_is_that_part_of_the_whole_with_changes(
        unit in 0_usize..6,
        chosen in proptest::collection::vec(proptest::option::of(any::<u8>()), 0..12),
    ) {
        let program = program();
        let splices = splices(&program, unit, &chosen);
        let range = program.units[unit].range.clone();

        let whole = program.with(&splices);
        let part = program.part(unit, &splices);

        let end = whole.len() - (TEXT.len() - range.end);
        prop_assert_eq!(uncounted(&part), &whole[range.start..end]);
    }

    #[test]
    fn the_order_in_which_changes_are_named_does_not_matter(
        unit in 0_usize..6,
        chosen in proptest::collection::vec(proptest::option::of(any::<u8>()), 0..12),
    ) {
        let program = program();
        let mut splices = splices(&program, unit, &chosen);
        let forward = program.with(&splices);
        splices.reverse();

        prop_assert_eq!(program.with(&splices), forward);
    }
}
