//! A stream's messages, each held against its text.

use std::sync::Arc;

use model::{Body, Digest, Event, Seq};

use super::{reader::Reader, wire::Stored};
use crate::{
    ReadError, Verdict, Witness,
    verify::{Auditor, Clocks, FaultKind},
};

/// What is committed after it began is the next verification's.
pub(super) async fn audit(
    reader: &Reader,
    witness: Option<&Witness>,
    progress: Box<dyn Fn(Seq) + Send>,
) -> Result<Verdict, ReadError> {
    let mut audit = Audit {
        reader,
        auditor: Auditor::new(Clocks::Many),
    };
    let end = reader.newest().await?;
    loop {
        let page = reader.stored(audit.auditor.newest() + 1, end).await?;
        if page.is_empty() {
            break;
        }
        for stored in &page {
            audit.take(stored);
        }
        progress(audit.auditor.newest());
    }
    // The server remembers how far it was, whatever was taken out.
    audit.auditor.miss(end);
    Ok(audit.auditor.close(witness))
}

struct Audit<'a> {
    reader: &'a Reader,
    auditor: Auditor,
}

impl Audit<'_> {
    fn take(&mut self, stored: &Stored) {
        // Where it says none, no seal covers what is there.
        let hash = stored.hash().unwrap_or(Digest([0; 32]));
        self.auditor.meet(stored.seq, hash);
        match whole(stored, hash) {
            Ok(event) => {
                let wrong = self.wrong_with(stored, &event);
                self.auditor.take(&event, wrong);
            }
            Err(reason) => {
                self.pass(stored);
                self.auditor.fault(stored.seq, FaultKind::Edited(reason));
            }
        }
    }

    /// What is left to say which place of its subject it holds: the text, be it another one, or the message's
    /// subject, of which it is the next one.
    fn pass(&mut self, stored: &Stored) {
        if let Ok(event) = stored.event() {
            return self
                .auditor
                .pass(event.subject.to_string(), Some(event.revision));
        }
        let named = stored.name.as_deref();
        match named.and_then(|name| self.reader.names.subject_of(name)) {
            Some(subject) => self.auditor.pass(subject.to_string(), None),
            None => self.auditor.pass_unnamed(),
        }
    }

    /// Around its text, a message says what the server finds it by.
    fn wrong_with(&self, stored: &Stored, event: &Event) -> Option<FaultKind> {
        if stored.name.as_deref() != Some(self.reader.names.of_event(event).as_str()) {
            let reason = "the subject of the message differs from its text".to_owned();
            return Some(FaultKind::Edited(reason));
        }
        let body = stored.body();
        let has_more = body.is_none() && !stored.is_text_alone();
        (has_more || event.body != body.as_ref().map(Body::hash)).then_some(FaultKind::BodyEdited)
    }
}

/// The event, if its text has its hash.
fn whole(stored: &Stored, hash: Digest) -> Result<Arc<Event>, String> {
    let event = stored.event().map_err(|error| error.reason)?;
    if stored.text().map(Digest::of) != Some(hash) {
        return Err("its text does not have its hash".to_owned());
    }
    Ok(event)
}
