//! Atoms that a script spawns.

use atoms::{AtomKind, Parsed, Prompt, Strength, prompt::Context, prompt::Data};
use model::Digest;
use plan::{Options, run_beside};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use topology::{Budget, Graph, MiniCodebase, SymbolPath};

use super::{JobHost, Trouble};
use crate::work::{
    ask::Question,
    known,
    planning::{data, documents, name_of},
};

/// A smaller lead needs no second answer, and whether the first is right would not show any more.
const LEAD_MIN: u32 = 2;

/// The topic of what atoms tell each other.
const SAID: &str = "what was said of the change";

/// What a script wants an atom to know beside the code is cut here.
const CONTEXT_CHARS_MAX: usize = 6_000;

/// What an atom is shown of the candidate.
#[derive(Serialize, Deserialize)]
struct Seen {
    digest: Digest,
    text: String,
    documents: Vec<Data>,
}

impl JobHost {
    /// One answer; of several, the one that is ahead.
    pub(super) async fn spawn_atom(
        &self,
        path: &str,
        kind: plan::AtomKind,
        task: &str,
        options: &Options,
    ) -> Result<Value, Trouble> {
        let kind = kind_of(kind);
        if kind == AtomKind::Coder {
            let touched = self.touched(&self.candidate().graph(), options);
            let touched: Vec<String> = touched.iter().map(ToString::to_string).collect();
            self.claim(path, &touched).await?;
        }
        let mut question = self.question(path, kind, task, options).await?;
        if kind == AtomKind::Coder
            && let Some(mended) = self.mended().await?
        {
            question.add("mended", &mended);
        }
        let k = match options.k {
            // The same question has the same answer there.
            _ if self.work.is_embedded() => 1,
            Some(k) => k,
            None if kind == AtomKind::Coder => self.lead(kind, &question).await?,
            None => 1,
        };
        let parsed = if k > 1 {
            self.vote(kind, &question, k).await?
        } else {
            self.work.ask_one(&question, 0).await?
        };
        let value = value_of(parsed)?;
        self.note(path, kind, &value);
        Ok(value)
    }

    /// How far ahead an answer has to be. A run that is taken up again goes by what it was then.
    async fn lead(&self, kind: AtomKind, question: &Question) -> Result<u32, Trouble> {
        let inner = &self.work.inner;
        let name = format!("lead-{}", question.name());
        let lead = self.work.once(&name, async {
            let k = inner.estimated.k_for(kind, inner.policy.reliability);
            Ok(k.max(LEAD_MIN).min(inner.policy.samples_max))
        });
        Ok(lead.await?)
    }

    async fn question(
        &self,
        path: &str,
        kind: AtomKind,
        task: &str,
        options: &Options,
    ) -> Result<Question, Trouble> {
        let seen = self.seen(path, options).await?;
        let name = format!("context-{}.txt", name_of(&seen.text));
        let (text, media) = (seen.text.clone().into_bytes(), "text/plain; charset=utf-8");
        self.work.artefact(&name, media, text).await?;
        let mut prompt = Prompt::new(kind, task);
        let planned = &self.planned;
        let templates: &[String] = match kind {
            AtomKind::Coder | AtomKind::Tester => &planned.templates,
            _ => &[],
        };
        let (said, evidence) = (self.work.said(), &planned.evidence);
        prompt.data = data(&said, evidence, templates, seen.documents);
        if !options.context.is_null() {
            prompt.data.push(Data {
                label: "notes".to_owned(),
                source: "the script".to_owned(),
                text: cut(&options.context),
            });
        }
        // What a branch beside this one found out may be there in one run and not in the next.
        prompt.facts = self.board.facts();
        prompt.facts.retain(|fact| !run_beside(&fact.by, path));
        prompt
            .facts
            .sort_by(|one, other| one.topic.cmp(&other.topic));
        prompt.lessons = self.work.lessons(task).await?;
        let task = json!({
            "kind": kind.as_str(),
            "task": task,
            "message": self.work.job.ask.message,
            "asked": self.work.asked(),
            "workspace": known::workspace(&self.base),
            "plan": planned.as_value(),
            "context": options.context,
        });
        prompt.context = Some(Context {
            digest: seen.digest,
            text: seen.text,
        });
        let strength = match options.strength {
            Some(plan::Strength::Strong) => Strength::Strong,
            Some(plan::Strength::Cheap) | None => Strength::Cheap,
        };
        Ok(Question::new(prompt, strength, task))
    }

    /// What an atom sees. In a branch that depends on how far the others are, so it is kept: the
    /// question is the same in a run that is taken up again.
    async fn seen(&self, path: &str, options: &Options) -> Result<Seen, Trouble> {
        let is_in_branch = path.contains('.');
        let seen = if is_in_branch {
            let name = format!("seen-{path}");
            self.work
                .once(&name, async { Ok(self.see(options)) })
                .await?
        } else {
            self.see(options)
        };
        seen.map_err(Trouble::Told)
    }

    /// Of the code the symbols that it is about, and what they need.
    fn see(&self, options: &Options) -> Result<Seen, String> {
        let candidate = self.candidate();
        let graph = candidate.graph();
        let touched = self.touched(&graph, options);
        let mini = MiniCodebase::of(&graph, &touched, Budget::default());
        let mini = mini.map_err(|error| error.to_string())?;
        Ok(Seen {
            digest: mini.digest,
            text: mini.text,
            documents: documents(&candidate.files),
        })
    }

    /// The symbols that an atom is about. A tool that is to be added is not there yet.
    fn touched(&self, graph: &Graph, options: &Options) -> Vec<SymbolPath> {
        let named = if options.symbols.is_empty() {
            &self.planned.analysis.symbols
        } else {
            &options.symbols
        };
        let symbols = named.iter().filter_map(|name| graph.symbol(name).ok());
        symbols.map(|symbol| symbol.path.clone()).collect()
    }

    /// What one atom found out, the next ones know: the newest of each branch.
    fn note(&self, path: &str, kind: AtomKind, value: &Value) {
        let text = match kind {
            AtomKind::Coder => value["rationale"].as_str(),
            AtomKind::Reviewer => value["reasons"][0].as_str(),
            AtomKind::Architect | AtomKind::Analyst | AtomKind::Tester => None,
        };
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return;
        };
        match path.rsplit_once('.') {
            None => self.board.tell(kind.as_str(), SAID, text),
            Some((branch, _step)) => {
                let topic = format!("{SAID}, by the {} of branch {branch}", kind.as_str());
                self.board.tell(path, &topic, text);
            }
        }
    }
}

fn cut(value: &Value) -> String {
    value.to_string().chars().take(CONTEXT_CHARS_MAX).collect()
}

pub(super) fn value_of(parsed: Parsed) -> Result<Value, Trouble> {
    let value = match parsed {
        Parsed::Architect(it) => serde_json::to_value(it),
        Parsed::Analyst(it) => serde_json::to_value(it),
        Parsed::Coder(it) => serde_json::to_value(it),
        Parsed::Reviewer(it) => serde_json::to_value(it),
        Parsed::Tester(it) => serde_json::to_value(it),
    };
    value.map_err(|error| Trouble::Told(error.to_string()))
}

fn kind_of(kind: plan::AtomKind) -> AtomKind {
    match kind {
        plan::AtomKind::Architect => AtomKind::Architect,
        plan::AtomKind::Analyst => AtomKind::Analyst,
        plan::AtomKind::Coder => AtomKind::Coder,
        plan::AtomKind::Reviewer => AtomKind::Reviewer,
        plan::AtomKind::Tester => AtomKind::Tester,
    }
}
