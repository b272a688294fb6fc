//! What feedback can meet, sorted by who can do what about it.

use tuner::feedback::{BadFeedback, FeedbackError};

use super::Failure;
use crate::exit::Exit;

impl From<BadFeedback> for Failure {
    fn from(error: BadFeedback) -> Self {
        Self::new("bad_feedback", Exit::Invalid, error)
    }
}

impl From<FeedbackError> for Failure {
    fn from(error: FeedbackError) -> Self {
        match error {
            FeedbackError::UnknownConversation { .. } => {
                Self::new("unknown_conversation", Exit::NotFound, error)
                    .with_hint("name the `conversation_id` that the call answered with".to_owned())
            }
            FeedbackError::OtherLineage { ref lineage, .. } => {
                let hint = format!("name that lineage with --lineage {lineage}");
                Self::new("other_lineage", Exit::Conflict, error).with_hint(hint)
            }
            FeedbackError::IdTaken { seq, .. } => Self::new("id_taken", Exit::Conflict, error)
                .with_hint("give it under another --id".to_owned())
                .with("first_event", seq),
            FeedbackError::Read(error) => error.into(),
            FeedbackError::Write(error) => error.into(),
        }
    }
}
