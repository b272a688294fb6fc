use topology::{Layers, LayersError};

use crate::support::{files, graph};

const LAYERS: &str = r#"
[[layer]]
name = "tools"
paths = ["tools/runner/**", "tools/tuner/*.py"]

[[layer]]
name = "library"
paths = ["tools/lib/**"]
"#;

#[test]
fn a_layer_imports_itself_and_what_is_below_and_never_what_is_above() {
    let layers = Layers::parse(LAYERS).unwrap();
    let graph = graph(&[
        (
            "tools/runner/a.py",
            "import lib.deep.x\nimport tuner.b\nimport free\n",
        ),
        ("tools/tuner/b.py", "\n"),
        (
            "tools/lib/deep/x.py",
            "import lib.y\n\ndef f():\n    from runner import a\n",
        ),
        (
            "tools/lib/y.py",
            "import free\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tuner.b\n",
        ),
        ("tools/free.py", "import runner.a\n"),
    ]);

    let found: Vec<String> = graph
        .layer_breaches(&layers)
        .into_iter()
        .map(|breach| {
            format!(
                "{}:{} -> {} ({} -> {})",
                breach.from, breach.line, breach.to, breach.from_layer, breach.to_layer
            )
        })
        .collect();

    assert_eq!(
        found,
        [
            "tools/lib/deep/x.py:4 -> tools/runner/a.py (library -> tools)",
            "tools/lib/y.py:4 -> tools/tuner/b.py (library -> tools)",
        ]
    );
}

#[test]
fn a_workspace_without_layers_breaks_none_and_a_wrong_file_is_no_layers() {
    assert_eq!(
        Layers::of(&files(&[("a.py", "")])).unwrap(),
        Layers::default()
    );
    for wrong in [
        "[[layer]]\nname = 1",
        "[[layer]]\nname = \"a\"\npath = []",
        "x",
    ] {
        let read = Layers::of(&files(&[("ci/layers.toml", wrong)]));
        assert!(matches!(read, Err(LayersError::Syntax(_))), "{wrong}");
    }
    let twice = format!("{LAYERS}{LAYERS}");
    assert!(matches!(
        Layers::parse(&twice),
        Err(LayersError::Twice { .. })
    ));
}
