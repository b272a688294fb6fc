//! What an atom is asked, as data, and the answer of the analyst, which later atoms are handed.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{CannotAnswer, literal::python};
use crate::{
    bench::Mended,
    product::message::{BadMessage, Call, Message, Recorded, ToolShape},
    templates::FiledCase,
};

/// A question. What only people or models need is left unread.
#[derive(Debug, Deserialize)]
pub(super) struct Task {
    #[serde(default)]
    pub(super) message: String,
    /// The questions that were asked, each with its answer.
    #[serde(default)]
    asked: Vec<(String, String)>,
    /// Calls that were recorded where the message was said, oldest first.
    #[serde(default)]
    recorded: Vec<RecordedCall>,
    /// What a search for a repair came to.
    #[serde(default)]
    pub(super) mended: Option<Mended>,
    #[serde(default)]
    pub(super) workspace: Workspace,
    plan: Option<Analysis>,
    #[serde(default)]
    edits: Option<Vec<Value>>,
    #[serde(default)]
    context: Value,
    /// For a reviewer: the cases that are proposed.
    #[serde(default)]
    pub(super) cases: Option<Vec<FiledCase>>,
    /// For a reviewer: the files that differ.
    #[serde(default)]
    pub(super) changed: Option<Vec<String>>,
}

/// A call, as the log of a conversation tells of it.
#[derive(Debug, Deserialize)]
struct RecordedCall {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    #[serde(default)]
    error: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Workspace {
    pub(super) tools: Vec<Tool>,
    pub(super) constants: Vec<Constant>,
    /// The active document.
    pub(super) state: Value,
    pub(super) schema: Value,
    /// `ci/budgets.json`, where whoever asks hands it over.
    pub(super) budgets: Option<Value>,
    pub(super) files: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) path: String,
    #[serde(default)]
    pub(super) parameters: Vec<String>,
}

/// A name that a module gives a literal.
#[derive(Debug, Deserialize)]
pub(super) struct Constant {
    /// `PATH::NAME`.
    pub(super) symbol: String,
    pub(super) value: Value,
    #[serde(default)]
    pub(super) doc: Option<String>,
    /// The definition as it stands, where whoever asks hands it over.
    #[serde(default)]
    pub(super) text: Option<String>,
}

/// What a message asks for, as the analyst says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    pub kind: PlanKind,
    pub summary: String,
    /// From 0, which is clear, to 1.
    pub ambiguity: f64,
    pub unknowns: Vec<String>,
    pub scope: Vec<String>,
    pub out_of_scope: Vec<String>,
    pub acceptance: Vec<FiledCase>,
    pub risks: Vec<String>,
    pub symbols: Vec<String>,
    /// A merge patch of the active document.
    pub state: Option<Value>,
    pub template: Option<String>,
    pub reason: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    Repair,
    AddTool,
    ChangeBehaviour,
    Tune,
    Rename,
    Remove,
    Refactor,
    Reject,
}

impl PlanKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::AddTool => "add_tool",
            Self::ChangeBehaviour => "change_behaviour",
            Self::Tune => "tune",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::Refactor => "refactor",
            Self::Reject => "reject",
        }
    }
}

impl Analysis {
    pub(super) fn new(kind: PlanKind, summary: impl Into<String>) -> Self {
        Self {
            kind,
            summary: summary.into(),
            ambiguity: 0.0,
            unknowns: Vec::new(),
            scope: Vec::new(),
            out_of_scope: Vec::new(),
            acceptance: Vec::new(),
            risks: Vec::new(),
            symbols: Vec::new(),
            state: None,
            template: None,
            reason: String::new(),
        }
    }

    pub(super) fn reject(summary: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            ..Self::new(PlanKind::Reject, summary)
        }
    }

    /// It goes on when these are answered.
    pub(super) fn asking(self, unknowns: Vec<String>) -> Self {
        let ambiguity = if unknowns.is_empty() {
            0.0
        } else {
            AMBIGUITY_ASKING
        };
        Self {
            ambiguity,
            unknowns,
            ..self
        }
    }
}

/// With less, a job could go on without the answers.
const AMBIGUITY_ASKING: f64 = 0.9;

impl Task {
    pub(super) fn plan(&self) -> Result<&Analysis, CannotAnswer> {
        (self.plan.as_ref()).ok_or_else(|| CannotAnswer("the task has no plan to go by".to_owned()))
    }

    /// What is asked for, in words that are no example, and the message with its examples and those
    /// of the answers.
    pub(super) fn read(&self) -> Result<(String, Message), BadMessage> {
        self.read_with(&self.workspace.shapes())
    }

    /// The same with other tools than there are.
    pub(super) fn read_with(
        &self,
        tools: &[ToolShape<'_>],
    ) -> Result<(String, Message), BadMessage> {
        let message = Message::parse(&self.message)?;
        let prose = message.resolved(tools).prose();
        Ok((prose, message.answered(&self.asked, tools)))
    }

    /// The message about one of the calls that were recorded, if it names none itself.
    pub(super) fn about_recorded(&self, message: &Message) -> Option<Message> {
        let recorded = self.recorded.iter().map(|recorded| Recorded {
            call: Call {
                tool: recorded.tool.clone(),
                positional: Vec::new(),
                keywords: recorded.arguments.clone().into_iter().collect(),
            },
            has_failed: recorded.error.is_some(),
        });
        message.about(&recorded.collect::<Vec<_>>(), &self.workspace.shapes())
    }

    /// For a reviewer: the edits that are proposed, said apart or as the coder answered them.
    pub(super) fn edits(&self) -> Option<&[Value]> {
        let answered = self.context["change"]["edits"].as_array();
        self.edits.as_deref().or(answered.map(Vec::as_slice))
    }

    /// What was answered to questions, in their order.
    pub(super) fn answers(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(|(_, answer)| answer.as_str())
    }

    /// Does an answer have this name as a word of its own?
    pub(super) fn is_answered_by(&self, name: &str) -> bool {
        let marks: &[char] = &['`', '"', '\'', '.', ',', '!', '?'];
        let mut words = self.answers().flat_map(str::split_whitespace);
        words.any(|word| word.trim_matches(marks).eq_ignore_ascii_case(name))
    }
}

impl Workspace {
    /// The tools, for whoever resolves a message.
    pub(super) fn shapes(&self) -> Vec<ToolShape<'_>> {
        (self.tools.iter())
            .map(|tool| ToolShape {
                name: &tool.name,
                parameters: &tool.parameters,
            })
            .collect()
    }

    pub(super) fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    pub(super) fn has_file(&self, path: &str) -> bool {
        self.files.iter().any(|file| file == path)
    }
}

impl Constant {
    /// The definition with another value; what else is said in it stays if it is known.
    pub(super) fn defined_as(&self, value: &Value) -> String {
        let spliced = self.text.as_ref().and_then(|text| {
            let (before, after) = text.split_once('=')?;
            let old = python(&self.value);
            let mut parts = after.split(&old);
            let (begin, end) = (parts.next()?, parts.next()?);
            let is_once = parts.next().is_none();
            is_once.then(|| format!("{before}={begin}{}{end}", python(value)))
        });
        spliced.unwrap_or_else(|| format!("{} = {}", self.name(), python(value)))
    }

    pub(super) fn path(&self) -> &str {
        self.symbol.split_once("::").map_or("", |(path, _)| path)
    }

    pub(super) fn name(&self) -> &str {
        self.symbol.rsplit("::").next().unwrap_or(&self.symbol)
    }
}
