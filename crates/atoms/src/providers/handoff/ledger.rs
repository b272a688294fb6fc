//! Which atoms wait, who was offered them, and what became of offers.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use jsonschema::Validator;
use serde_json::Value;
use tokio::sync::oneshot;

use super::{AtomId, Checked, HandoffError, Offer, Trouble};
use crate::{Check, CheckSyntax, Exchange, Request, Usage};

/// Of offers that are over, the latest are remembered, to say what became of them.
const FATES_MAX: usize = 1024;

const VIOLATIONS_MAX: usize = 5;

#[derive(Default)]
pub(super) struct Ledger {
    /// By their number, which is their turn.
    atoms: BTreeMap<u64, Atom>,
    enqueued: u64,
    fates: VecDeque<(AtomId, Fate)>,
    asked_at: Option<Timestamp>,
    check_syntax: Option<CheckSyntax>,
}

struct Atom {
    request: Request,
    validator: Validator,
    sender: oneshot::Sender<Value>,
    lease: Option<Lease>,
}

struct Lease {
    id: AtomId,
    deadline: Timestamp,
}

#[derive(Clone, Copy)]
enum Fate {
    Answered,
    Expired,
    Withdrawn,
}

impl Ledger {
    pub(super) fn enqueue(
        &mut self,
        request: &Request,
        sender: oneshot::Sender<Value>,
        queue_max: usize,
    ) -> Result<u64, Trouble> {
        if self.atoms.len() >= queue_max {
            return Err(Trouble::unavailable(format!(
                "{queue_max} atoms wait already, and nobody answers them"
            )));
        }
        let validator = jsonschema::validator_for(&request.schema)
            .map_err(|error| Trouble::refused(format!("the request's schema is none: {error}")))?;
        self.enqueued += 1;
        let request = match &self.check_syntax {
            Some(_) => request.clone(),
            None => request.without_checks(),
        };
        let atom = Atom {
            request,
            validator,
            sender,
            lease: None,
        };
        self.atoms.insert(self.enqueued, atom);
        Ok(self.enqueued)
    }

    /// The first atom that is free, or when the first lease of the others ends.
    pub(super) fn offer(
        &mut self,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Offer, Option<Timestamp>> {
        self.asked_at = Some(now);
        let deadlines = self.atoms.values().map(Atom::deadline);
        let expiry = deadlines.flatten().min();
        let is_free = |atom: &&mut Atom| atom.deadline().is_none_or(|deadline| deadline <= now);
        let atom = self.atoms.values_mut().find(is_free).ok_or(expiry)?;
        // A lease that reaches beyond the end of time never ends.
        let deadline = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        let id = AtomId(format!("{:032x}", fastrand::u128(..)));
        let before = atom.lease.replace(Lease {
            id: id.clone(),
            deadline,
        });
        let request = atom.request.clone();
        if let Some(before) = before {
            self.remember(before.id, Fate::Expired);
        }
        Ok(Offer {
            id,
            checks_left: request.checks_left(),
            request,
            deadline,
        })
    }

    pub(super) fn allow_checks(&mut self, check_syntax: CheckSyntax) {
        self.check_syntax = Some(check_syntax);
    }

    /// Who may answer may check.
    pub(super) fn check(
        &mut self,
        id: &AtomId,
        path: &str,
        code: &str,
    ) -> Result<Checked, HandoffError> {
        let Some(atom) = self.atoms.values_mut().find(|atom| atom.is_leased_as(id)) else {
            return Err(self.gone(id.clone()));
        };
        let id = || id.clone();
        let (Some(check_syntax), 1..) = (&self.check_syntax, atom.request.checks_left()) else {
            return Err(HandoffError::NoCheckLeft { id: id() });
        };
        let check = Check::new(path, code)
            .map_err(|invalid| HandoffError::InvalidCheck { id: id(), invalid })?;
        let tokens_left = atom.request.output_tokens_left();
        let exchange = Exchange {
            result: check.result(check_syntax),
            check,
            usage: Usage::default(),
        };
        // Something has to be left to answer with.
        if exchange.output_tokens() >= u64::from(tokens_left) {
            let id = id();
            return Err(HandoffError::TooMuch { id, tokens_left });
        }
        let result = exchange.result.clone();
        atom.request.exchange.push(exchange);
        Ok(Checked {
            result,
            checks_left: atom.request.checks_left(),
        })
    }

    /// One that is late is taken as long as nobody else was offered the atom: its work is done.
    pub(super) fn answer(&mut self, id: &AtomId, value: Value) -> Result<(), HandoffError> {
        let leased = self.atoms.iter().find(|(_, atom)| atom.is_leased_as(id));
        let Some((&number, atom)) = leased else {
            return Err(self.gone(id.clone()));
        };
        let violations = atom.violations(&value);
        if !violations.is_empty() {
            let id = id.clone();
            return Err(HandoffError::Invalid { id, violations });
        }
        let atom = self.atoms.remove(&number).expect("it was just found");
        if atom.sender.send(value).is_err() {
            self.remember(id.clone(), Fate::Withdrawn);
            return Err(HandoffError::Withdrawn { id: id.clone() });
        }
        self.remember(id.clone(), Fate::Answered);
        Ok(())
    }

    /// Takes an atom out; one that was answered is out.
    pub(super) fn withdraw(&mut self, number: u64) {
        let lease = self.atoms.remove(&number).and_then(|atom| atom.lease);
        if let Some(lease) = lease {
            self.remember(lease.id, Fate::Withdrawn);
        }
    }

    pub(super) fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }

    pub(super) fn waiting(&self) -> usize {
        self.atoms.len()
    }

    fn remember(&mut self, id: AtomId, fate: Fate) {
        if self.fates.len() == FATES_MAX {
            self.fates.pop_front();
        }
        self.fates.push_back((id, fate));
    }

    fn gone(&self, id: AtomId) -> HandoffError {
        let known = self.fates.iter().find(|(known, _)| *known == id);
        match known.map(|(_, fate)| *fate) {
            None => HandoffError::Unknown { id },
            Some(Fate::Answered) => HandoffError::Answered { id },
            Some(Fate::Expired) => HandoffError::Expired { id },
            Some(Fate::Withdrawn) => HandoffError::Withdrawn { id },
        }
    }
}

impl Atom {
    fn deadline(&self) -> Option<Timestamp> {
        self.lease.as_ref().map(|lease| lease.deadline)
    }

    fn is_leased_as(&self, id: &AtomId) -> bool {
        self.lease.as_ref().is_some_and(|lease| lease.id == *id)
    }

    fn violations(&self, value: &Value) -> Vec<String> {
        let errors = self.validator.iter_errors(value).take(VIOLATIONS_MAX);
        let told = errors.map(|error| match error.instance_path().to_string() {
            whole if whole.is_empty() => error.to_string(),
            path => format!("{path}: {error}"),
        });
        told.collect()
    }
}
