//! `ledger verify` and `ledger seal`

use std::fmt::Write as _;

use jiff::Timestamp;
use journal::{Verdict, Witness};

use crate::{
    exit::Exit,
    failure::Failure,
    output::Tone,
    session::{Opened, Session, confirm_witness, keep_witness, recall_witness},
};

/// Reads everything and compares; whatever is wrong is the answer, not an error.
pub(super) async fn verify(session: &Session, opened: &Opened) -> Result<Exit, Failure> {
    let witness = opened.witnesses()?.recall().await?;
    // Where the newest event cannot be read there is no telling how far it goes, and all the more
    // to verify.
    let newest = opened.journal.newest().await.unwrap_or(0);
    let bar = session.output.progress("verifying", newest);
    let shown = bar.clone();
    let verdict = opened
        .journal
        .verify(witness, Box::new(move |seq| shown.set_position(seq)))
        .await?;
    bar.finish_and_clear();
    session
        .output
        .answer(&verdict, |verdict| text_of(session, verdict))?;
    Ok(if verdict.ok {
        Exit::Success
    } else {
        Exit::Damaged
    })
}

fn text_of(session: &Session, verdict: &Verdict) -> String {
    let word = if verdict.ok {
        session.output.paint(Tone::Good, "whole")
    } else {
        session.output.paint(Tone::Bad, "damaged")
    };
    let mut text = format!(
        "{word}: {} events, {} seals up to {}, witnessed up to {}; {} rest on the file alone\n",
        verdict.events, verdict.seals, verdict.sealed_to, verdict.witnessed_to, verdict.unwitnessed
    );
    for fault in &verdict.faults {
        writeln!(text, "  {fault}").expect("writing to a String cannot fail");
    }
    text
}

pub(super) async fn seal(session: &Session, opened: &Opened) -> Result<(), Failure> {
    confirm_witness(&*opened.journal, recall_witness(&opened.vault()?)?).await?;
    let sealed = journal::seal_up_to_now(&*opened.journal, Timestamp::now).await?;
    if let Some(witness) = &sealed {
        keep_witness(&opened.vault()?, witness)?;
    }
    session
        .output
        .answer(&sealed, |sealed: &Option<Witness>| match sealed {
            Some(witness) => format!("sealed up to {} by the seal at {}", witness.to, witness.seq),
            None => "there is nothing to seal yet".to_owned(),
        })
}
