//! Single tools, tools that tune, and budgets, with their cases: what can be added without a model,
//! and what a model is shown as the nearest thing that is known to work.

mod about;
mod library;
mod nearest;
pub(crate) mod words;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use about::{Kind, Parameter};
pub use nearest::{nearest, record};

use about::About;
use library::Embedded;

/// The three folders of cases, the quickest first.
const TIERS: [&str; 3] = ["micro", "fast", "full"];

/// Something that is known to work, with the cases that prove it.
#[derive(Debug)]
pub struct Template {
    /// Also the name of its tool, if it has one.
    pub name: &'static str,
    pub title: String,
    pub description: String,
    pub kind: Kind,
    /// The parameters of its tool, in their order.
    pub arguments: Vec<String>,
    /// What people say who want this.
    pub asks: Vec<String>,
    /// Templates whose tools must be there too.
    pub needs: Vec<String>,
    /// What can be changed once it is there.
    pub parameters: Vec<Parameter>,
    /// What it adds to the active document, as far as that lacks it.
    pub state: Option<Value>,
    /// What it adds to the schema, as far as that lacks it.
    pub schema: Option<Value>,
    /// What it adds to `ci/budgets.json`, as far as that lacks it.
    pub budgets: Option<Value>,
    files: Vec<(String, &'static str)>,
    cases: Vec<FiledCase>,
}

/// A case and the file that it belongs into.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FiledCase {
    pub file: String,
    pub case: Value,
}

/// All templates, by their names.
pub fn all() -> &'static [Template] {
    static ALL: LazyLock<Vec<Template>> =
        LazyLock::new(|| library::LIBRARY.iter().map(Template::read).collect());
    &ALL
}

pub fn find(name: &str) -> Option<&'static Template> {
    all().iter().find(|template| template.name == name)
}

impl Template {
    fn read(embedded: &Embedded) -> Self {
        let about =
            About::parse(embedded.about).expect("a test reads each of the embedded templates");
        Self {
            name: embedded.name,
            files: files(embedded, &about),
            cases: cases(embedded),
            state: embedded.file("state.merge.json").map(parse),
            schema: embedded.file("schema.merge.json").map(parse),
            budgets: embedded.file("budgets.merge.json").map(parse),
            title: about.title,
            description: about.description,
            kind: about.kind,
            arguments: about.arguments,
            asks: about.asks,
            needs: about.needs,
            parameters: about.parameters,
        }
    }

    /// Where its tool is defined; budgets have none.
    pub fn symbol(&self) -> Option<String> {
        let folder = self.kind.folder()?;
        Some(format!("{folder}/{name}.py::{name}", name = self.name))
    }

    /// The code, by paths of the workspace.
    pub fn files(&self) -> impl Iterator<Item = (&str, &'static str)> {
        self.files.iter().map(|(path, text)| (path.as_str(), *text))
    }

    /// Its cases of all tiers.
    pub fn cases(&self) -> &[FiledCase] {
        &self.cases
    }

    /// It and what it needs, what is needed first.
    pub fn with_needs(&'static self) -> Vec<&'static Self> {
        let needed = self
            .needs
            .iter()
            .map(|name| find(name).expect("a test resolves what is needed"));
        needed.chain([self]).collect()
    }

    /// What a model is shown of it: what it is, its code and its cases.
    pub fn as_context(&self) -> String {
        let mut shown = format!("{}: {}\n", self.name, self.description);
        for (path, text) in self.files() {
            shown.extend(["\n", path, "\n", text]);
        }
        let mut file = "";
        for filed in &self.cases {
            if filed.file != file {
                shown.extend(["\n", &filed.file, "\n"]);
                file = &filed.file;
            }
            shown.extend([&filed.case.to_string(), "\n"]);
        }
        shown
    }
}

fn files(embedded: &Embedded, about: &About) -> Vec<(String, &'static str)> {
    let source = |name: &str| {
        embedded
            .file(name)
            .expect("a test finds each file that is named")
    };
    let shared = about
        .lib
        .iter()
        .map(|(path, name)| (path.clone(), source(name)));
    let own = about.kind.folder().map(|folder| {
        let name = format!("{}.py", embedded.name);
        (format!("{folder}/{name}"), source(&name))
    });
    shared.chain(own).collect()
}

fn cases(embedded: &Embedded) -> Vec<FiledCase> {
    let of_tier = |tier: &'static str| {
        let lines = embedded
            .file(&format!("cases.{tier}.jsonl"))
            .unwrap_or_default()
            .lines();
        lines.map(move |line| FiledCase {
            file: format!("tests/{tier}/{}.jsonl", embedded.name),
            case: parse(line),
        })
    };
    TIERS.into_iter().flat_map(of_tier).collect()
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("a test reads each of the embedded templates")
}
