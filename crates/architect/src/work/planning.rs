//! Level 1: what is asked for, and whether it is clear enough to begin.

use std::{fmt::Write as _, sync::Arc};

use atoms::{
    AtomKind, Prompt, Strength,
    contract::{Analysis, Intent, Parsed},
    prompt::{Context, DATUM_BYTES_MAX, Data},
};
use model::Digest;
use plan::{Acceptance, Document, Task};
use serde_json::Value;
use topology::{Budget, MiniCodebase, SymbolPath};

use super::{Base, Halt, Work, ask::Question, candidate::Candidate, evidence::Evidence, known};
use crate::{
    job::{Entry, Question as Asked, Stage},
    product::{
        gate::{self, Assessment, Opinion},
        message::{Message, is_equal},
    },
    templates,
    tree::{self, Files},
};

/// Rounds of questions; whoever still cannot say what is wanted says it anew.
const ROUNDS_MAX: u64 = 3;

/// Templates that are put before a planner.
const TEMPLATES_MAX: usize = 2;

/// A plan, and what it was made of.
pub(crate) struct Planned {
    pub(crate) message: Message,
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) analysis: Analysis,
    pub(crate) document: Document,
    /// The templates that were nearest.
    pub(crate) templates: Vec<String>,
}

impl Planned {
    /// What it would do, in a line.
    pub(crate) fn advice(&self) -> String {
        let symbols = self.analysis.symbols.join(", ");
        if symbols.is_empty() {
            self.analysis.summary.clone()
        } else {
            format!("{} ({symbols})", self.analysis.summary)
        }
    }

    /// As a script sees it.
    pub(crate) fn as_value(&self) -> Value {
        serde_json::to_value(&self.analysis).unwrap_or_default()
    }
}

impl Work {
    pub(super) async fn plan(&self, base: &Arc<Base>) -> Result<Planned, Halt> {
        if matches!(self.job.stage, Stage::Received) {
            self.enter(Stage::Planning, "reading the request").await?;
        }
        let evidence = self.evidence(base).await?;
        let known = known::known(base);
        let message = Message::parse(&self.job.ask.message)
            .map_err(|error| Halt::Rejected(error.to_string()))?
            .answered(&self.asked(), &known.shapes());
        // What rules alone make clear needs no model.
        let threshold = self.inner.policy.ambiguity_max;
        let first = gate::assess(&message, &known, None, threshold);
        if let gate::Verdict::Reject { reason } = first.verdict {
            return Err(Halt::Rejected(reason));
        }
        let templates = nearest_templates(&message);
        let analysis = self.analyse(base, &message, &evidence, &templates).await?;
        let opinion = Opinion {
            ambiguity: analysis.ambiguity,
            unknowns: analysis.unknowns.clone(),
        };
        let assessed = gate::assess(&message, &known, Some(&opinion), threshold);
        let is_sure = self.is_embedded() && analysis.kind != Intent::Reject;
        if !is_sure || !analysis.unknowns.is_empty() || has_contradiction(&assessed) {
            self.ask_if_unclear(&assessed).await?;
        }
        if self.is_embedded() && analysis.kind == Intent::Repair {
            self.ask_of_goldens(base, &analysis).await?;
        }
        if analysis.kind == Intent::Reject {
            let reason = analysis.reason.unwrap_or(analysis.summary);
            return Err(Halt::Rejected(reason));
        }
        let document = document(&analysis);
        document
            .validate()
            .map_err(|error| Halt::Rejected(format!("the plan cannot be carried out: {error}")))?;
        let text = document.to_string().into_bytes();
        self.artefact("PLAN.md", "text/markdown; charset=utf-8", text)
            .await?;
        Ok(Planned {
            message,
            evidence,
            analysis,
            document,
            templates,
        })
    }

    /// Each question that was answered, with its answer.
    pub(super) fn asked(&self) -> Vec<(String, String)> {
        let question = |id: &str| {
            let asked = self.job.questions.iter().find(|asked| asked.id == id);
            asked.map_or_else(String::new, |asked| asked.question.clone())
        };
        (self.job.answers.iter())
            .map(|(id, answer)| (question(id), answer.clone()))
            .collect()
    }

    /// The message, with the answers that were given since, for whoever reads free text.
    pub(super) fn said(&self) -> String {
        let mut text = self.job.ask.message.clone();
        for (question, answer) in self.asked() {
            let _never = write!(text, "\n{question} {answer}");
        }
        text
    }

    async fn analyse(
        &self,
        base: &Base,
        message: &Message,
        evidence: &[Evidence],
        templates: &[String],
    ) -> Result<Analysis, Halt> {
        let mut prompt = Prompt::new(
            AtomKind::Analyst,
            "Say what the feedback below asks for, which symbols it is about, and which test cases \
             show that it is done. A case names a tool, its arguments and what it has to answer.",
        );
        prompt.context = Some(overview(base, message));
        prompt.data = data(&self.said(), evidence, templates, documents(&base.files));
        let task = serde_json::json!({
            "kind": "analyst",
            "message": self.job.ask.message,
            "asked": self.asked(),
            "recorded": recorded(evidence),
            "workspace": known::workspace(base),
        });
        let question = Question::new(prompt, Strength::Cheap, task);
        match self.ask_one(&question, 0).await? {
            Parsed::Analyst(analysis) => Ok(*analysis),
            _ => Err(Halt::Failed(
                "an analyst answered as another kind".to_owned(),
            )),
        }
    }

    /// A case that is there and says otherwise is not changed by a word in passing.
    async fn ask_of_goldens(&self, base: &Arc<Base>, analysis: &Analysis) -> Result<(), Halt> {
        let candidate = Candidate::of(base);
        let contradicted = analysis.acceptance.iter().filter_map(|filed| {
            let case = serde_json::to_value(&filed.case).ok()?;
            let (path, _, old) = candidate.find_same(&case)?;
            (!is_equal(&old["expect"], &case["expect"])).then(|| {
                format!(
                    "`{path}` says that {} with {} gives {}, and not {}: is that case wrong, and \
                     to be changed (yes or no)?",
                    case["tool"].as_str().unwrap_or_default(),
                    case.get("args").unwrap_or(&Value::Null),
                    old["expect"],
                    case["expect"]
                )
            })
        });
        let (mut open, asked) = (Vec::new(), self.asked());
        for question in contradicted {
            let answer = asked.iter().rev().find(|(asked, _)| *asked == question);
            match answer.map(|(_, answer)| agreement(answer)) {
                None | Some(None) => open.push(question),
                Some(Some(true)) => {}
                Some(Some(false)) => {
                    return Err(Halt::Rejected(format!(
                        "{question} It is not, so nothing is changed"
                    )));
                }
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let why = "the message contradicts a test";
        let asked = open.into_iter().map(|question| (question, why.to_owned()));
        Err(self.put_questions(asked).await?)
    }

    /// Asks instead of guessing.
    async fn ask_if_unclear(&self, assessed: &Assessment) -> Result<(), Halt> {
        match &assessed.verdict {
            gate::Verdict::Reject { reason } => return Err(Halt::Rejected(reason.clone())),
            gate::Verdict::Clear => return Ok(()),
            gate::Verdict::Ask => {}
        }
        if assessed.unknowns.is_empty() {
            return Ok(());
        }
        // Who is asked what one call should give need not be asked for a call.
        let has_call = |unknown: &gate::Unknown| call_of(&unknown.question).is_some();
        let is_of_call = assessed.unknowns.iter().any(has_call);
        let unknowns = (assessed.unknowns.iter())
            .filter(|unknown| !(is_of_call && unknown.rule == gate::Rule::NoOutcome));
        let asked = unknowns.map(|unknown| (unknown.question.clone(), unknown.why.clone()));
        Err(self.put_questions(asked).await?)
    }

    /// Asks whoever began the job, each question with why; the work goes on when they are answered.
    /// After so many rounds it is given up.
    pub(super) async fn put_questions(
        &self,
        asked: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Halt, Halt> {
        let asked = once_a_call(asked);
        let rounds = self.log.find("rounds").await?;
        let rounds = rounds.and_then(|it| it.as_u64()).unwrap_or(0);
        if rounds >= ROUNDS_MAX {
            let open: Vec<&str> = asked
                .iter()
                .map(|(question, _)| question.as_str())
                .collect();
            return Err(Halt::Rejected(format!(
                "after {} answers it is still not clear what is wanted: {}; say it anew, with an \
                 example of a call and of what it should give",
                self.job.answers.len(),
                open.join(" ")
            )));
        }
        self.log
            .record("rounds", &(rounds + 1).into(), self.now())
            .await?;
        let first = self.job.questions.len() + 1;
        let questions = (asked.into_iter().zip(first..))
            .map(|((question, why), number)| Asked {
                id: number.to_string(),
                question,
                why,
            })
            .collect();
        let entry = Entry::Questions { questions };
        self.log.append(entry, None, self.now()).await?;
        Ok(Halt::Waits)
    }
}

fn nearest_templates(message: &Message) -> Vec<String> {
    let nearest = templates::nearest(message.text(), TEMPLATES_MAX);
    nearest
        .into_iter()
        .map(|(template, _)| template.name.to_owned())
        .collect()
}

/// The calls that the logs among the attachments tell of.
fn recorded(evidence: &[Evidence]) -> Vec<Value> {
    let logs = evidence.iter().filter(|it| it.uri.starts_with("logs://"));
    let read = logs.filter_map(|log| serde_json::from_str::<Value>(&log.text).ok());
    read.filter_map(|mut log| match log["calls"].take() {
        Value::Array(calls) => Some(calls),
        _ => None,
    })
    .flatten()
    .collect()
}

/// Of several questions about one call the first: rules and analyst may ask the same in other words.
fn once_a_call(asked: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut known: Vec<String> = Vec::new();
    let mut is_new = |question: &str| {
        let call = call_of(question);
        let is_known = call.as_ref().is_some_and(|call| known.contains(call));
        known.extend(call);
        !is_known
    };
    (asked.into_iter())
        .filter(|(question, _)| is_new(question))
        .collect()
}

/// The one call that a question is about.
fn call_of(question: &str) -> Option<String> {
    let message = Message::parse(question).ok()?;
    message.only_call().map(ToString::to_string)
}

/// Is an answer a yes or a no? Nothing if it may be either.
fn agreement(answer: &str) -> Option<bool> {
    const YES: &[&str] = &[
        "y",
        "yes",
        "yeah",
        "yep",
        "sure",
        "ok",
        "okay",
        "agreed",
        "change",
        "wrong",
        "definitely",
        "absolutely",
        "exactly",
        "indeed",
        "ja",
        "oui",
    ];
    const NO: &[&str] = &[
        "n", "no", "nope", "not", "never", "keep", "leave", "don", "nein", "non",
    ];
    let lower = answer.to_lowercase();
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    // The first word of either kind is the answer; what follows gives reasons.
    words.find_map(|word| match (YES.contains(&word), NO.contains(&word)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    })
}

/// The symbols that a message names, whole; of the rest what fits.
fn overview(base: &Base, message: &Message) -> Context {
    let tools: Vec<SymbolPath> = (base.graph.symbols())
        .filter(|symbol| symbol.is_tool)
        .map(|symbol| symbol.path.clone())
        .collect();
    let named = message.named(tools.iter().map(SymbolPath::last));
    let touched: Vec<SymbolPath> = (tools.iter())
        .filter(|path| named.contains(&path.last()))
        .cloned()
        .collect();
    let mini = MiniCodebase::of(&base.graph, &touched, Budget::default());
    let mini = mini.unwrap_or_else(|_too_large| {
        MiniCodebase::of(&base.graph, &[], Budget::default()).expect("nothing fits into any budget")
    });
    Context {
        digest: mini.digest,
        text: mini.text,
    }
}

/// The embedded provider does what it understands word by word, or says that it does not; that two
/// examples cannot both be right, it does not see.
fn has_contradiction(assessed: &Assessment) -> bool {
    let mut unknowns = assessed.unknowns.iter();
    unknowns.any(|unknown| unknown.rule == gate::Rule::Contradiction)
}

/// What can only be written anew, whole, and so has to be seen first.
const DOCUMENTS: [(&str, &str); 3] = [
    ("state", release::STATE),
    ("schema", release::SCHEMA),
    ("budgets", tree::BUDGETS),
];

/// What atoms are shown beside the code.
pub(super) fn data(
    said: &str,
    evidence: &[Evidence],
    names: &[String],
    documents: Vec<Data>,
) -> Vec<Data> {
    let mut data = vec![Data {
        label: "feedback".to_owned(),
        source: "a person or a program".to_owned(),
        text: said.to_owned(),
    }];
    data.extend(evidence.iter().map(|evidence| Data {
        label: "attachment".to_owned(),
        source: evidence.uri.clone(),
        text: evidence.text.clone(),
    }));
    for name in names {
        if let Some(template) = templates::find(name) {
            data.push(Data {
                label: "template".to_owned(),
                source: name.clone(),
                text: template.as_context(),
            });
        }
    }
    data.extend(documents);
    data
}

/// The documents of a workspace that can be shown whole.
pub(super) fn documents(files: &Files) -> Vec<Data> {
    let shown = DOCUMENTS.into_iter().filter_map(|(label, path)| {
        let text = files.get(path)?;
        (text.len() <= DATUM_BYTES_MAX).then(|| Data {
            label: label.to_owned(),
            source: path.to_owned(),
            text: String::from_utf8_lossy(text).into_owned(),
        })
    });
    shown.collect()
}

fn document(analysis: &Analysis) -> Document {
    let task = |id: &str, text: &str, depends: &[&str]| Task {
        id: id.to_owned(),
        text: text.to_owned(),
        depends: depends.iter().map(|it| (*it).to_owned()).collect(),
        is_done: false,
    };
    let acceptance = analysis.acceptance.iter().map(|wanted| Acceptance {
        file: wanted.file.clone(),
        case: wanted.case.clone(),
    });
    Document {
        title: one_line(&analysis.summary),
        summary: analysis.summary.clone(),
        scope: analysis.scope.clone(),
        out_of_scope: analysis.out_of_scope.clone(),
        acceptance: acceptance.collect(),
        risks: analysis.risks.clone(),
        questions: analysis.unknowns.clone(),
        tasks: vec![
            task("tests", "write down in cases what is wanted", &[]),
            task("change", "make the change", &["tests"]),
            task("proof", "prove it by all tiers", &["change"]),
            task("release", "release it", &["proof"]),
        ],
    }
}

/// The first line of a text, as a title.
pub(super) fn one_line(text: &str) -> String {
    const CHARS_MAX: usize = 72;
    let line = text.lines().next().unwrap_or_default().trim();
    if line.chars().count() <= CHARS_MAX {
        return line.to_owned();
    }
    let cut: String = line.chars().take(CHARS_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// Names a text for whoever keeps something by it.
pub(super) fn name_of(text: &str) -> String {
    const DIGITS: usize = 16;
    Digest::of(text.as_bytes()).to_string()[..DIGITS].to_owned()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn an_atom_sees_the_files_that_it_can_only_write_anew() {
        let text = |text: &'static str| Bytes::from_static(text.as_bytes());
        let files: Files = [
            (
                "ci/budgets.json".to_owned(),
                text("{\"tests_failed_max\": 0}"),
            ),
            ("state/active.state.json".to_owned(), text("{}")),
            ("tools/runner/a.py".to_owned(), text("x = 1\n")),
        ]
        .into();
        let data = data("set the budgets", &[], &[], documents(&files));

        let shown: Vec<_> = (data.iter())
            .map(|it| (&*it.label, &*it.source, &*it.text))
            .collect();
        assert_eq!(
            shown,
            [
                ("feedback", "a person or a program", "set the budgets"),
                ("state", "state/active.state.json", "{}"),
                ("budgets", "ci/budgets.json", "{\"tests_failed_max\": 0}"),
            ]
        );
    }
}
