use bytes::Bytes;
use proptest::prelude::*;
use topology::{Files, Graph};

/// Texts that mean different things to one another.
const TEXTS: [&str; 12] = [
    "",
    "def f(): pass\n",
    "def f():\n    g()\n\ndef g(): pass\n",
    "class C:\n    def m(self): return self.k()\n    def k(self): pass\n",
    "from lib.a import f, C\nc = C()\ndef u():\n    f()\n    c.m()\n",
    "from lib.b import *\ndef f(): return g()\n",
    "import lib.a\nimport lib\ndef u(): lib.a.f(); lib.b.g(); lib.f()\n",
    "from . import a, b\nfrom .a import f\n",
    "from lib import f, C\nclass D(C):\n    def k(self): super().m()\n",
    "def broken(:\n",
    "from lib.c import f as g\nfrom lib.d import C\n",
    "if x:\n    from lib.a import f\nelse:\n    def f(): pass\nf()\n",
];

const PATHS: [&str; 8] = [
    "tools/lib/__init__.py",
    "tools/lib/a.py",
    "tools/lib/b.py",
    "tools/lib/c.py",
    "tools/lib/d/__init__.py",
    "tools/lib/d.py",
    "tools/lib.py",
    "tests/micro/x.jsonl",
];

fn change() -> impl Strategy<Value = (usize, Option<usize>)> {
    (
        0..PATHS.len(),
        proptest::option::weighted(0.8, 0..TEXTS.len()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_kept_up_to_date_is_the_graph_built_anew(
        changes in proptest::collection::vec(change(), 1..24),
    ) {
        let mut files = Files::new();
        let mut kept = Graph::default();
        for (path, text) in changes {
            let (path, text) = (PATHS[path], text.map(|text| Bytes::from_static(TEXTS[text].as_bytes())));
            match &text {
                Some(text) => files.insert(path.to_owned(), text.clone()),
                None => files.remove(path),
            };
            kept.update(path, text.as_ref());

            prop_assert_eq!(&kept, &Graph::of(&files));
        }
    }

    #[test]
    fn the_graph_of_other_files_follows_from_that_of_some(
        before in proptest::collection::vec(change(), 0..12),
        after in proptest::collection::vec(change(), 0..12),
    ) {
        let files = |changes: Vec<(usize, Option<usize>)>| -> Files {
            let files = changes.into_iter().filter_map(|(path, text)| {
                Some((PATHS[path].to_owned(), Bytes::from_static(TEXTS[text?].as_bytes())))
            });
            files.collect()
        };
        let (before, after) = (files(before), files(after));

        let followed = Graph::of(&before).following(&before, &after);

        prop_assert_eq!(followed, Graph::of(&after));
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[ -~\\n]{0,200}") {
        let files = Files::from([("a.py".to_owned(), Bytes::from(text.clone()))]);

        let graph = Graph::of(&files);

        prop_assert!(graph.symbols().all(|symbol| symbol.span.end <= text.len()));
    }
}
