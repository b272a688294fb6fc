use bytes::Bytes;
use topology::{Files, Graph, SymbolPath};

pub(crate) fn files<P: AsRef<str>, T: AsRef<str>>(named: &[(P, T)]) -> Files {
    named
        .iter()
        .map(|(path, text)| {
            (
                path.as_ref().to_owned(),
                Bytes::copy_from_slice(text.as_ref().as_bytes()),
            )
        })
        .collect()
}

pub(crate) fn graph<P: AsRef<str>, T: AsRef<str>>(named: &[(P, T)]) -> Graph {
    Graph::of(&files(named))
}

pub(crate) fn path(text: &str) -> SymbolPath {
    text.parse().unwrap()
}

/// Paths as text, to compare with.
pub(crate) fn shown(paths: &[SymbolPath]) -> Vec<String> {
    paths.iter().map(ToString::to_string).collect()
}

/// A workspace with two tools, a library, and cases.
pub(crate) fn workshop() -> Files {
    files(&[
        ("tools/lib/__init__.py", ""),
        (
            "tools/lib/words.py",
            "\"\"\"Words of a text.\"\"\"\n\nimport re\n\nWORD = re.compile(r\"\\w+\")\n\n\ndef words(text: str) -> list[str]:\n    \"\"\"The words of a text.\n\n    In order.\n    \"\"\"\n    return WORD.findall(fold(text))\n\n\ndef fold(text: str) -> str:\n    return text.casefold()\n",
        ),
        (
            "tools/lib/counting.py",
            "from . import words as w\n\n\nclass Counter:\n    \"\"\"Counts words.\"\"\"\n\n    def __init__(self, text: str) -> None:\n        self.text = text\n\n    def count(self) -> int:\n        return len(self.split())\n\n    def split(self) -> list[str]:\n        return w.words(self.text)\n",
        ),
        (
            "tools/runner/text.py",
            "from luthier import tool\n\nfrom lib.counting import Counter\nfrom lib.words import words as split_words\n\n\n@tool(annotations={\"readOnlyHint\": True})\ndef slugify(text: str) -> str:\n    \"\"\"A text for addresses.\"\"\"\n    return \"-\".join(split_words(text))\n\n\n@tool\ndef measure(text: str) -> int:\n    counter = Counter(text)\n    return counter.count()\n\n\ndef helper() -> None:\n    return None\n",
        ),
        (
            "tests/micro/text.jsonl",
            "{\"tool\": \"slugify\", \"args\": {\"text\": \"A b\"}, \"expect\": \"a-b\", \"name\": \"two words\"}\n\n{\"tool\": \"measure\", \"args\": {\"text\": \"a\"}, \"expect\": 1}\n",
        ),
        (
            "tests/fast/text.jsonl",
            "{\"tool\": \"slugify\", \"args\": {\"text\": \"\"}, \"expect\": \"\"}\n",
        ),
    ])
}
