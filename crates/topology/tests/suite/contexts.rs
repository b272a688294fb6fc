use proptest::prelude::*;
use topology::{Budget, Graph, MiniCodebase, MiniError};

use crate::{
    corpus::corpus,
    support::{graph, path, shown, workshop},
};

#[test]
fn a_context_has_what_is_touched_and_the_signatures_it_needs() {
    let graph = Graph::of(&workshop());
    let touched = [
        path("tools/runner/text.py::slugify"),
        path("tools/lib/counting.py::Counter.split"),
    ];

    let context = MiniCodebase::of(&graph, &touched, Budget::default()).unwrap();

    insta::assert_snapshot!(context.text, @r#"
    # tools/lib/counting.py
    from . import words as w
    class Counter:
        def split(self) -> list[str]:
            return w.words(self.text)

    # tools/lib/words.py
    def words(text: str) -> list[str]:
        """The words of a text."""

    # tools/runner/text.py
    from luthier import tool
    from lib.counting import Counter
    from lib.words import words as split_words
    @tool(annotations={"readOnlyHint": True})
    def slugify(text: str) -> str:
        """A text for addresses."""
        return "-".join(split_words(text))
    "#);
    assert_eq!(context.lines, context.text.lines().count());
    assert_eq!(context.tokens, context.text.len().div_ceil(3));
    assert_eq!(context.digest, model::Digest::of(context.text.as_bytes()));
    assert_eq!(shown(&context.left_out), [""; 0]);
}

#[test]
fn what_does_not_fit_is_left_out_by_name_the_least_needed_first() {
    let graph = Graph::of(&workshop());
    let budget = Budget {
        lines_max: 11,
        ..Budget::default()
    };

    let context =
        MiniCodebase::of(&graph, &[path("tools/runner/text.py::measure")], budget).unwrap();

    insta::assert_snapshot!(context.text, @r#"
    # tools/lib/counting.py
    class Counter:
        """Counts words."""

    # tools/runner/text.py
    from luthier import tool
    from lib.counting import Counter
    @tool
    def measure(text: str) -> int:
        counter = Counter(text)
        return counter.count()
    "#);
    insta::assert_snapshot!(shown(&context.left_out).join("\n"), @r"
    tools/lib/counting.py::Counter.__init__
    tools/lib/counting.py::Counter.count
    ");
}

#[test]
fn a_symbol_larger_than_the_budget_is_an_error_that_says_how_much_it_needs() {
    let graph = Graph::of(&workshop());
    let budget = Budget {
        lines_max: 5,
        tokens_max: 1_000,
    };
    let of = |name: &str| MiniCodebase::of(&graph, &[path(name)], budget);

    insta::assert_snapshot!(of("tools/lib/words.py::words").unwrap_err(), @"`tools/lib/words.py::words` alone needs 7 lines and 48 tokens, and the budget is 5 lines and 1000 tokens: raise it or split the symbol");
    assert!(matches!(
        of("tools/lib/words.py::word"),
        Err(MiniError::Symbol(_))
    ));
}

#[test]
fn what_is_within_another_that_is_touched_is_shown_once() {
    let graph = graph(&[(
        "a.py",
        "class C:\n    def m(self):\n        def inner(): pass\n        return inner\n",
    )]);
    let touched = [path("a.py::C.m.inner"), path("a.py::C"), path("a.py::C.m")];

    let context = MiniCodebase::of(&graph, &touched, Budget::default()).unwrap();

    assert_eq!(
        context.text,
        "# a.py\nclass C:\n    def m(self):\n        def inner(): pass\n        return inner\n"
    );
}

#[test]
fn a_class_of_fields_is_shown_with_its_fields_where_it_is_needed() {
    let graph = graph(&[(
        "a.py",
        "class Row(TypedDict):\n    name: str\n    count: int\n\n\nclass Box:\n    size: int\n\n    def open(self): pass\n\n\ndef f(box: Box) -> Row:\n    return box.open()\n",
    )]);

    let context = MiniCodebase::of(&graph, &[path("a.py::f")], Budget::default()).unwrap();

    insta::assert_snapshot!(context.text, @r"
    # a.py
    class Row(TypedDict):
        name: str
        count: int
    class Box:
        def open(self): ...
    def f(box: Box) -> Row:
        return box.open()
    ");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_context_is_larger_than_its_budget(
        lines_max in 0_usize..80,
        tokens_max in 0_usize..900,
        picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
    ) {
        let graph = Graph::of(&corpus(600));
        let symbols: Vec<_> = graph.symbols().map(|symbol| symbol.path.clone()).collect();
        let touched: Vec<_> = picks.iter().map(|pick| pick.get(&symbols).clone()).collect();

        match MiniCodebase::of(&graph, &touched, Budget { lines_max, tokens_max }) {
            Ok(context) => {
                prop_assert!(context.text.lines().count() <= lines_max);
                prop_assert!(context.text.len().div_ceil(3) <= tokens_max);
                for symbol in &touched {
                    let is_shown = context.text.contains(&graph.symbol(&symbol.to_string()).unwrap().signature);
                    prop_assert!(is_shown || context.left_out.contains(symbol));
                }
            }
            Err(MiniError::TooLarge { lines, tokens, .. }) => {
                prop_assert!(lines > lines_max || tokens > tokens_max);
            }
            Err(error) => prop_assert!(false, "{error}"),
        }
    }
}
