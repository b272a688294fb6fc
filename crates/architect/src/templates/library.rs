//! The folders below `templates/library/`, embedded.

/// A folder as it is embedded: `about.toml` and its other files by their names.
pub(super) struct Embedded {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    files: &'static [(&'static str, &'static str)],
}

impl Embedded {
    pub(super) fn file(&self, name: &str) -> Option<&'static str> {
        let mut files = self.files.iter();
        files
            .find(|(known, _)| *known == name)
            .map(|(_, text)| *text)
    }
}

macro_rules! text {
    ($name:literal, $file:expr) => {
        include_str!(concat!("../../../../templates/library/", $name, "/", $file))
    };
}

/// A tool with its cases, and what else is named.
macro_rules! tool {
    ($name:literal $(, $file:literal)*) => {
        Embedded {
            name: $name,
            about: text!($name, "about.toml"),
            files: &[
                (concat!($name, ".py"), text!($name, concat!($name, ".py"))),
                ("cases.micro.jsonl", text!($name, "cases.micro.jsonl")),
                ("cases.fast.jsonl", text!($name, "cases.fast.jsonl")),
                ("cases.full.jsonl", text!($name, "cases.full.jsonl")),
                $(($file, text!($name, $file)),)*
            ],
        }
    };
}

pub(super) const LIBRARY: &[Embedded] = &[
    Embedded {
        name: "budgets",
        about: text!("budgets", "about.toml"),
        files: &[("budgets.merge.json", text!("budgets", "budgets.merge.json"))],
    },
    tool!("convert_temperature"),
    tool!("count_words"),
    tool!("dedupe_lines"),
    tool!("diff_text"),
    tool!("extract_links"),
    tool!(
        "flag_urgent",
        "urgency.py",
        "state.merge.json",
        "schema.merge.json"
    ),
    tool!("moving_average"),
    tool!("parse_duration"),
    tool!("pick_variant", "state.merge.json", "schema.merge.json"),
    tool!("reading_time", "state.merge.json", "schema.merge.json"),
    tool!("reward_variant", "schema.merge.json"),
    tool!("roman_numerals"),
    tool!("shorten_text"),
    tool!("slugify"),
    tool!("tune_threshold", "schema.merge.json"),
    tool!("validate_email"),
];
