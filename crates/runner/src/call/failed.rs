//! What a call that failed is answered with, and what else comes of it.

use mcp::Failure;
use python::CallError;
use serde_json::Map;

use super::{RETRY_AFTER_S, Rests, Running};

impl Running {
    /// The tool is left alone for a while.
    pub(super) fn rests(&self, rests: Rests) -> Failure {
        let seconds = rests.0.as_secs_f64().ceil();
        let tool = &self.facts.name;
        let text =
            format!("`{tool}` failed too often in a row and rests; try again in {seconds} s");
        self.record("open_circuit", Some(&text));
        self.refused(text).with_meta(RETRY_AFTER_S, seconds)
    }

    pub(super) fn failed(&self, error: &CallError) -> Failure {
        let (outcome, text) = self.described(error);
        self.log(error);
        match outcome {
            // It works as its author meant it to.
            "refused" => self.worked(),
            "raised" | "bad_result" | "timed_out" | "crashed" => self.broke(),
            _ => self.undecided(),
        }
        self.record(outcome, Some(&text));
        let failure = self.refused(text);
        match error {
            CallError::Overloaded { retry_after_ms } => {
                #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
                let seconds = *retry_after_ms as f64 / 1_000.0;
                failure.with_meta(RETRY_AFTER_S, seconds)
            }
            CallError::Raised(raised) => match &raised.data {
                Some(data) => failure.with_meta("data", data.clone()),
                None => failure,
            },
            _ => failure,
        }
    }

    /// The value is not what the tool promised.
    pub(super) fn broke_its_word(&self, reason: String) -> Failure {
        self.broke();
        self.record("bad_result", Some(&reason));
        self.refused(reason)
    }

    fn described(&self, error: &CallError) -> (&'static str, String) {
        let tool = &self.facts.name;
        let logs = self.logs_uri();
        match error {
            CallError::Raised(raised) if raised.is_tool_error => {
                ("refused", raised.message.clone())
            }
            CallError::Raised(raised) => (
                "raised",
                format!(
                    "`{tool}` failed with {}: {}; `{logs}` has the traceback",
                    raised.r#type, raised.message
                ),
            ),
            CallError::Refused { reason } => ("bad_result", self.no_result(reason)),
            CallError::DeadlineExceeded { .. } => {
                ("timed_out", format!("`{tool}` was stopped: {error}"))
            }
            CallError::Crashed(_) => (
                "crashed",
                format!("{error}; `{logs}` has what it last wrote"),
            ),
            CallError::Collateral { .. } => ("lost", format!("{error}; call again")),
            CallError::Cancelled => ("cancelled", error.to_string()),
            CallError::Overloaded { .. } => ("shed", error.to_string()),
            CallError::Unavailable { .. } => ("unavailable", error.to_string()),
            CallError::Asks { .. } => ("refused", error.to_string()),
        }
    }

    fn log(&self, error: &CallError) {
        let mut lines = Vec::new();
        match error {
            CallError::Raised(raised) if !raised.is_tool_error => {
                lines.push(raised.traceback.clone());
            }
            CallError::DeadlineExceeded {
                traceback,
                last_log_lines,
                ..
            } => {
                lines.push(traceback.clone());
                lines.extend(last_log_lines.iter().cloned());
            }
            CallError::Crashed(crash) => {
                lines.push(crash.to_string());
                lines.extend(crash.last_log_lines.iter().cloned());
            }
            _ => return,
        }
        for message in lines.into_iter().filter(|line| !line.is_empty()) {
            self.told.push("error", message, None, Map::new());
        }
    }

    fn refused(&self, text: String) -> Failure {
        self.with_ids(Failure::refused(text))
    }

    pub(super) fn worked(&self) {
        let (offer, tool) = (&self.told.offer, self.facts.name.as_str());
        offer.note_worked(tool);
        let circuits = &self.told.core.circuits;
        circuits.succeeded(offer.number, tool, self.admission);
    }

    fn broke(&self) {
        let (offer, tool) = (&self.told.offer, self.facts.name.as_str());
        let circuits = &self.told.core.circuits;
        if circuits.failed(offer.number, tool, self.admission) {
            tracing::warn!(
                tool,
                version = self.told.now.version_text,
                "the tool rests: it failed too often in a row"
            );
        }
    }

    /// Nobody can say whether the tool works.
    pub(super) fn undecided(&self) {
        let circuits = &self.told.core.circuits;
        circuits.undecided(self.told.offer.number, &self.facts.name, self.admission);
    }
}
