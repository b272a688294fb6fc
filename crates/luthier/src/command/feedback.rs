//! `luthier feedback --conversation ID …`: what somebody thinks of an answer, from a shell.

use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use journal::Journal;
use model::event::Tenant;
use serde_json::json;
use tuner::feedback::{self, Feedback, FeedbackParts, Source};

use super::state::LineageArgs;
use crate::{
    failure::Failure,
    session::{Opened, Session},
};

#[derive(Args, Clone, Debug)]
pub(crate) struct FeedbackArgs {
    /// What was good, or what should be better
    #[arg(value_name = "TEXT", required_unless_present_any = ["reward", "rating"])]
    message: Option<String>,
    /// The `conversation_id` that the call answered with
    #[arg(long, value_name = "ID")]
    conversation: String,
    /// How good it was, from -1 to 1
    #[arg(long, value_name = "R", allow_negative_numbers = true)]
    reward: Option<f64>,
    /// The same in stars, from 1 to 5
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    rating: Option<f64>,
    /// Counts once however often it is given
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    #[command(flatten)]
    lineage: LineageArgs,
}

pub(crate) fn run(session: &Session, args: FeedbackArgs) -> Result<(), Failure> {
    let lineage = args.lineage.lineage;
    let parts = FeedbackParts {
        conversation: args.conversation,
        reward: args.reward,
        rating: args.rating,
        message: args.message,
        id: args.id,
    };
    let given = Feedback::new(parts)?;
    let opened = session.find_journal()?;
    session.work_on(opened, async |opened: &Opened| {
        let journal: Arc<dyn Journal> = opened.journal.clone();
        let (tenant, now) = (Tenant::default(), Timestamp::now());
        let kept = feedback::give(&journal, &lineage, &tenant, &given, Source::Rest, now).await?;
        let answer = json!({ "feedback_id": kept.feedback_id });
        session.output.answer(&answer, |_| kept.feedback_id.clone())
    })
}
