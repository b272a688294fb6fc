//! Two interfaces, and what lies between them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Bump, Interface, Reason, Side, Subject, ToolInterface, Verdict, schema};

/// Which number the change from `old` to `new` makes, and what decided.
///
/// It never calls a change smaller than it is: where it cannot be shown that nothing breaks, that
/// is a reason for a major number.
pub fn compare(old: &Interface, new: &Interface) -> Verdict {
    let mut reasons = Vec::new();
    tools(&old.tools, &new.tools, &mut reasons);
    state(old, new, &mut reasons);
    goldens(&old.goldens, &new.goldens, &mut reasons);
    Verdict::of(reasons)
}

fn tools(
    old: &BTreeMap<String, ToolInterface>,
    new: &BTreeMap<String, ToolInterface>,
    reasons: &mut Vec<Reason>,
) {
    for (name, before) in old {
        match new.get(name) {
            Some(after) => tool(name, before, after, reasons),
            None => reasons.push(removed(name, before, old, new)),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        let subject = Subject::Tool {
            tool: name.clone(),
            side: None,
        };
        reasons.push(plain(Bump::Minor, subject, "was added".to_owned()));
    }
}

/// A tool that is gone; one that came and takes and gives the same is where it probably went.
fn removed(
    name: &str,
    before: &ToolInterface,
    old: &BTreeMap<String, ToolInterface>,
    new: &BTreeMap<String, ToolInterface>,
) -> Reason {
    let mut added = new.iter().filter(|(name, _)| !old.contains_key(*name));
    let what = match added.find(|(_, after)| *after == before) {
        Some((now, _)) => format!("was renamed to `{now}`"),
        None => "was removed".to_owned(),
    };
    let subject = Subject::Tool {
        tool: name.to_owned(),
        side: None,
    };
    plain(Bump::Major, subject, what)
}

fn tool(name: &str, before: &ToolInterface, after: &ToolInterface, reasons: &mut Vec<Reason>) {
    let subject = |side| Subject::Tool {
        tool: name.to_owned(),
        side: Some(side),
    };
    let input = schema::between(&before.input, &after.input, schema::Way::Input);
    within(&subject(Side::Input), input, reasons);
    let anything = Value::Bool(true);
    let output = schema::between(
        before.output.as_ref().unwrap_or(&anything),
        after.output.as_ref().unwrap_or(&anything),
        schema::Way::Output,
    );
    within(&subject(Side::Output), output, reasons);
}

fn state(old: &Interface, new: &Interface, reasons: &mut Vec<Reason>) {
    let anything = Value::Bool(true);
    let mut differences = schema::between(
        old.state_schema.as_ref().unwrap_or(&anything),
        new.state_schema.as_ref().unwrap_or(&anything),
        schema::Way::State,
    );
    if new.migrates {
        for difference in &mut differences {
            if difference.bump == Bump::Major {
                difference.bump = Bump::Patch;
                difference.what.push_str("; a migration brings it along");
            }
        }
    }
    within(&Subject::State, differences, reasons);
}

fn goldens(
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    reasons: &mut Vec<Reason>,
) {
    let mut told = |bump, name: &str, what: &str| {
        let subject = Subject::Golden {
            golden: name.to_owned(),
        };
        reasons.push(plain(bump, subject, what.to_owned()));
    };
    for (name, expected) in old {
        match new.get(name) {
            Some(expects) if expects == expected => {}
            Some(_) => told(Bump::Minor, name, "expects something else"),
            None => told(Bump::Minor, name, "was removed"),
        }
    }
    for name in new.keys().filter(|name| !old.contains_key(*name)) {
        told(Bump::Patch, name, "was added");
    }
}

fn plain(bump: Bump, subject: Subject, what: String) -> Reason {
    Reason {
        bump,
        subject,
        pointer: None,
        what,
    }
}

fn within(subject: &Subject, differences: Vec<schema::Difference>, reasons: &mut Vec<Reason>) {
    reasons.extend(differences.into_iter().map(|difference| Reason {
        bump: difference.bump,
        subject: subject.clone(),
        pointer: Some(difference.pointer),
        what: difference.what,
    }));
}
