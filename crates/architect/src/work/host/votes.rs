//! Several answers to one question, and which of them is taken.

use atoms::{
    AtomKind, Parsed,
    vote::{Standing, Vote, VoteBounds},
};
use model::Digest;
use serde_json::{Value, json};

use super::{JobHost, Trouble, atom::value_of, edits};
use crate::{
    tree::{self, Files},
    work::{Halt, ask::Question, candidate::Candidate},
};

/// An answer that was not red-flagged.
struct Answered {
    parsed: Parsed,
    /// Where it was tried.
    candidate: Option<Candidate>,
}

impl JobHost {
    /// First to be ahead by `k`, among those that pass the new cases.
    pub(super) async fn vote(
        &self,
        kind: AtomKind,
        question: &Question,
        k: u32,
    ) -> Result<Parsed, Trouble> {
        let bounds = VoteBounds {
            samples_max: self.work.inner.policy.samples_max.max(k),
            ..VoteBounds::default()
        };
        let mut vote = Vote::new(k, bounds);
        let (mut answers, mut failed, mut why) = (Vec::new(), None, String::new());
        loop {
            let sample = vote.samples();
            let standing = match self.work.sample(question, sample).await? {
                Err(discarded) => {
                    why = discarded;
                    vote.flag()
                }
                Ok(parsed) => match self.tried(kind, &parsed).await? {
                    Ok((key, candidate)) => {
                        answers.push(Answered { parsed, candidate });
                        vote.add(key, answers.len() - 1)
                    }
                    Err(not_green) => {
                        why = not_green;
                        // The script tells the next round why it was not good enough.
                        failed.get_or_insert(parsed);
                        vote.flag()
                    }
                },
            };
            match standing {
                Standing::Open => {}
                Standing::Won(index) => {
                    self.keep_votes(kind, question, &vote, k).await?;
                    return Ok(answers.swap_remove(index).parsed);
                }
                Standing::Exhausted(end) if end.is_disagreement() => {
                    return Err(self.ask_which(&answers, end.candidates.len()).await?.into());
                }
                Standing::Exhausted(_) => {
                    let only = answers.into_iter().next().map(|answered| answered.parsed);
                    return only.or(failed).ok_or_else(|| {
                        let samples = vote.samples();
                        Trouble::Told(format!(
                            "none of {samples} answers could be used, the last because {why}"
                        ))
                    });
                }
            }
        }
    }

    /// How the votes went, for people.
    async fn keep_votes(
        &self,
        kind: AtomKind,
        question: &Question,
        vote: &Vote,
        k: u32,
    ) -> Result<(), Trouble> {
        let (for_it, against) = vote.votes_for_and_against();
        let told = json!({
            "kind": kind.as_str(),
            "ahead_by": k,
            "samples": vote.samples(),
            "for": for_it,
            "against": against,
        });
        let name = format!("votes-{}-{}.json", kind.as_str(), question.name());
        let learned = self.work.once(&name, async {
            self.work.inner.estimated.learn(kind, for_it, against);
            Ok(true)
        });
        learned.await?;
        let bytes = told.to_string().into_bytes();
        Ok(self.work.artefact(&name, "application/json", bytes).await?)
    }

    /// By what an answer is the same as another, if it is good enough to be counted at all.
    async fn tried(
        &self,
        kind: AtomKind,
        parsed: &Parsed,
    ) -> Result<Result<(Digest, Option<Candidate>), String>, Trouble> {
        let value = value_of(parsed.clone())?;
        if kind != AtomKind::Coder {
            return Ok(Ok((Digest::of_json(&verdict_of(kind, &value)), None)));
        }
        let mut candidate = self.candidate();
        let applied = match edits(&value) {
            Ok(edits) => self
                .check_seen(&edits)
                .and_then(|()| candidate.apply(&edits, self.are_budgets_meant())),
            Err(Trouble::Told(reason)) => Err(reason),
            Err(halt) => return Err(halt),
        };
        if let Err(reason) = applied {
            return Ok(Err(reason));
        }
        let flags = self.red_flags(&candidate).await?;
        if let Some(flag) = flags.into_iter().next() {
            return Ok(Err(flag));
        }
        match self.passes_new_cases(&candidate).await? {
            Err(reason) => Ok(Err(reason)),
            Ok(()) => Ok(Ok((behaviour(&candidate.files), Some(candidate)))),
        }
    }

    /// Answers that all pass and still differ: the task leaves something open, and more votes would
    /// not settle it.
    async fn ask_which(&self, answers: &[Answered], count: usize) -> Result<Halt, Trouble> {
        let mut seen = Vec::new();
        let mut diffs = Vec::new();
        for candidate in answers
            .iter()
            .filter_map(|answered| answered.candidate.as_ref())
        {
            let key = behaviour(&candidate.files);
            if !seen.contains(&key) {
                seen.push(key);
                diffs.push(tree::diff(&self.base.files, &candidate.files));
            }
        }
        let number = self.work.job.questions.len() + 1;
        let name = format!("answers-{number}.diff");
        let bytes = diffs.join("\n---\n").into_bytes();
        self.work
            .artefact(&name, "text/x-diff; charset=utf-8", bytes)
            .await?;
        let question = format!(
            "{count} answers pass every case and do different things (`{name}`). Which is meant? \
             Say it with an example of a call on which they differ."
        );
        let why = "what passes the tests should not differ".to_owned();
        Ok(self.work.put_questions([(question, why)]).await?)
    }
}

/// A reviewer agrees by its verdict; of the rest all of it counts.
fn verdict_of(kind: AtomKind, value: &Value) -> Value {
    match kind {
        AtomKind::Reviewer => value["verdict"].clone(),
        _ => value.clone(),
    }
}

/// Files that mean the same: Python by its syntax tree, the rest by its text.
fn behaviour(files: &Files) -> Digest {
    let digests: Vec<Digest> = files
        .iter()
        .flat_map(|(path, text)| {
            let shape = std::str::from_utf8(text)
                .ok()
                .filter(|_| std::path::Path::new(path).extension() == Some("py".as_ref()))
                .and_then(|text| topology::shape(text).ok());
            [
                Digest::of(path.as_bytes()),
                shape.unwrap_or_else(|| Digest::of(text)),
            ]
        })
        .collect();
    Digest::merkle_root(&digests)
}
