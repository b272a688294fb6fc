//! Histories taken from a running server are linearizable: there is one order of all operations,
//! consistent with real time, in which each answer is the right one.

use std::{
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;
use todc_utils::{
    linearizability::{
        WGLChecker,
        history::{Action, History},
    },
    specifications::Specification,
};

use crate::{client::Client, server::Server};

/// A register with a revision: what the staged document is to its clients.
#[derive(Clone, Debug)]
enum Operation {
    /// Answered with a revision and a value.
    Read { revision: u64, value: u64 },
    /// A write that named `base`; answered with the new revision, or refused as stale.
    Write {
        base: u64,
        value: u64,
        made: Option<u64>,
    },
}

struct Register;

impl Specification for Register {
    type State = (u64, u64);
    type Operation = Operation;

    fn init() -> (u64, u64) {
        (1, 0)
    }

    fn apply(operation: &Operation, state: &(u64, u64)) -> (bool, (u64, u64)) {
        let (revision, held) = *state;
        match *operation {
            Operation::Read {
                revision: seen,
                value,
            } => (seen == revision && value == held, *state),
            Operation::Write {
                base,
                value,
                made: Some(made),
            } => (base == revision && made == revision + 1, (made, value)),
            Operation::Write {
                base, made: None, ..
            } => (base != revision, *state),
        }
    }
}

/// Who did what, in the order in which it began and ended.
type Log = Vec<(usize, Action<Operation>)>;

const CLIENTS: usize = 5;
const OPERATIONS: usize = 30;

/// Lets `CLIENTS` read and write the staged document at once, and notes when each operation began
/// and ended. `if_match` turns the revision that was read into the header that is sent.
fn history(server: &Server, if_match: fn(u64) -> String) -> Log {
    let log: Arc<Mutex<Log>> = Arc::default();
    let address = server.address();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|name| {
            let (log, address) = (log.clone(), address.clone());
            thread::spawn(move || {
                let mut client = Client::connect(&address).unwrap();
                for turn in 0..OPERATIONS {
                    let value = u64::try_from(name * OPERATIONS + turn + 1).unwrap();
                    let read = record(&log, name, || read(&mut client));
                    let Operation::Read { revision, .. } = read else {
                        unreachable!()
                    };
                    record(&log, name, || write(&mut client, revision, value, if_match));
                }
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }
    Arc::try_unwrap(log).unwrap().into_inner().unwrap()
}

/// Notes the begin and the end of `run`; the begin gets to know what the end was.
fn record(log: &Mutex<Log>, client: usize, run: impl FnOnce() -> Operation) -> Operation {
    let placeholder = Operation::Read {
        revision: 0,
        value: 0,
    };
    let begun = {
        let mut log = log.lock().unwrap();
        log.push((client, Action::Call(placeholder)));
        log.len() - 1
    };
    let operation = run();
    let mut log = log.lock().unwrap();
    log[begun].1 = Action::Call(operation.clone());
    log.push((client, Action::Response(operation.clone())));
    operation
}

fn read(client: &mut Client) -> Operation {
    let answer = client.read_staging().unwrap();
    let value = answer.body["value"]["register"].as_u64().unwrap_or(0);
    Operation::Read {
        revision: answer.body["revision"].as_u64().unwrap(),
        value,
    }
}

fn write(client: &mut Client, base: u64, value: u64, if_match: fn(u64) -> String) -> Operation {
    let key = format!("register-{value}");
    client
        .send_merge(&if_match(base), &key, &json!({ "register": value }))
        .unwrap();
    let answer = client.answer().unwrap();
    let made = match answer.status {
        200 => Some(answer.body["revision"].as_u64().unwrap()),
        412 => None,
        _ => panic!("{answer:?}"),
    };
    Operation::Write { base, value, made }
}

#[test]
fn what_clients_see_of_the_staged_state_has_one_order() {
    let server = Server::start();

    let actions = history(&server, |revision| format!("\"r{revision}\""));

    let contended = actions
        .iter()
        .filter(|(_, action)| {
            matches!(
                action,
                Action::Response(Operation::Write { made: None, .. })
            )
        })
        .count();
    assert!(
        contended > 0,
        "no write was refused, so nothing was contended"
    );
    assert!(WGLChecker::<Register>::is_linearizable(
        History::from_actions(actions)
    ));
}

#[test]
fn without_the_compare_the_checker_finds_no_order() {
    let server = Server::start();

    // `*` lets every write through, whatever it was computed from.
    let actions = history(&server, |_revision| "*".to_owned());

    assert!(!WGLChecker::<Register>::is_linearizable(
        History::from_actions(actions)
    ));
}
