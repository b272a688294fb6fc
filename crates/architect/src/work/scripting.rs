//! Level 2: how a plan is carried out, as a script that is checked before it runs.

use atoms::{AtomKind, Parsed, Prompt, Strength};
use plan::Script;

use super::{
    Base, Halt, Work,
    ask::Question,
    known,
    planning::{Planned, data, documents},
};
use crate::job::Stage;

impl Work {
    /// The script of the library for this kind of change, or one that was written for it.
    pub(super) async fn script(
        &self,
        base: &Base,
        planned: &Planned,
    ) -> Result<(Script, String), Halt> {
        if !self.is_past(Stage::Scripting).await {
            self.enter(Stage::Scripting, "deciding on the steps")
                .await?;
        }
        let kind = planned.analysis.kind;
        let kind = serde_json::to_value(kind).map_err(|error| Halt::Failed(error.to_string()))?;
        let kind = kind.as_str().unwrap_or_default().to_owned();
        let text = if self.writes_scripts() {
            self.written_script(base, planned, &kind).await?
        } else {
            let known = plan::library(&kind);
            known.map(str::to_owned).ok_or_else(|| {
                Halt::Rejected(format!(
                    "there is no script for a change of the kind `{kind}`"
                ))
            })?
        };
        let checked = plan::check(&text).map_err(|problems| {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Halt::Rejected(format!("the script is not run: {}", told.join("; ")))
        })?;
        self.artefact(
            "script.rhai",
            "text/plain; charset=utf-8",
            text.clone().into_bytes(),
        )
        .await?;
        Ok((checked, text))
    }

    fn writes_scripts(&self) -> bool {
        self.inner.policy.writes_scripts || self.is_embedded()
    }

    async fn written_script(
        &self,
        base: &Base,
        planned: &Planned,
        kind: &str,
    ) -> Result<String, Halt> {
        let mut prompt = Prompt::new(
            AtomKind::Architect,
            "Write the Rhai script that carries out the plan below. The script of the library for \
             this kind of change is beside it: keep to it where it fits.",
        );
        prompt.data = data(&self.said(), &[], &[], documents(&base.files));
        prompt.data.push(atoms::prompt::Data {
            label: "plan".to_owned(),
            source: "PLAN.md".to_owned(),
            text: planned.document.to_string(),
        });
        if let Some(known) = plan::library(kind) {
            prompt.data.push(atoms::prompt::Data {
                label: "script".to_owned(),
                source: format!("library/{kind}.rhai"),
                text: known.to_owned(),
            });
        }
        prompt
            .task
            .push_str("\n\nA script may call these functions and nothing else:\n");
        prompt.task.push_str(&plan::reference());
        let task = serde_json::json!({
            "kind": "architect",
            "workspace": known::workspace(base),
            "message": self.job.ask.message,
            "asked": self.asked(),
            "plan": planned.as_value(),
        });
        match self
            .ask_one(&Question::new(prompt, Strength::Cheap, task), 0)
            .await?
        {
            Parsed::Architect(script) => Ok(script.script),
            _ => Err(Halt::Failed(
                "an architect answered as another kind".to_owned(),
            )),
        }
    }

    /// Is the job further already? A stage is entered once.
    pub(super) async fn is_past(&self, stage: Stage) -> bool {
        let place = |stage: Stage| Stage::ALL.iter().position(|it| *it == stage);
        let now = self.log.job().await.stage;
        place(now) > place(stage)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use atoms::{AtomKind, contract};

    #[test]
    fn an_analyst_can_ask_for_every_script_of_the_library() {
        let schema = contract::schema(AtomKind::Analyst);
        let kinds = schema["properties"]["kind"]["enum"].as_array().unwrap();
        let kinds: BTreeSet<&str> = kinds.iter().map(|kind| kind.as_str().unwrap()).collect();

        let scripts = plan::LIBRARY.iter().map(|(name, _)| *name);

        assert_eq!(kinds, scripts.chain(["reject"]).collect());
    }
}
