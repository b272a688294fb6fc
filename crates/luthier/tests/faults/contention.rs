//! Many writers of one number: none of their increments is lost.

use std::thread;

use serde_json::{Value, json};

use crate::{client::Client, server::Server};

/// Reads the number, adds one and writes it back from what it read, until that is accepted.
fn increment(client: &mut Client, key: &str) {
    for attempt in 0.. {
        let read = client.read_staging().unwrap();
        let revision = read.body["revision"].as_u64().unwrap();
        let count = read.body["value"]["count"].as_u64().unwrap_or(0);
        let key = format!("{key}-{attempt}");
        client
            .send_merge(
                &format!("\"r{revision}\""),
                &key,
                &json!({ "count": count + 1 }),
            )
            .unwrap();
        let answer = client.answer().unwrap();
        match answer.status {
            200 => return,
            412 => {}
            _ => panic!("{answer:?}"),
        }
    }
}

#[test]
fn eight_clients_times_fifty_increments_end_at_exactly_400() {
    let server = Server::start();
    let address = server.address();

    let clients: Vec<_> = (0..8)
        .map(|name| {
            let address = address.clone();
            thread::spawn(move || {
                let mut client = Client::connect(&address).unwrap();
                (0..50).for_each(|turn| increment(&mut client, &format!("c{name}-{turn}")));
            })
        })
        .collect();
    for client in clients {
        client.join().unwrap();
    }

    let staged = Client::connect(&address).unwrap().read_staging().unwrap();
    assert_eq!(staged.body["value"]["count"], 400);
}

#[test]
fn commands_beside_a_server_lose_no_increment_either() {
    let server = Server::start();

    // Each command is a process with a journal handle of its own.
    let loops: Vec<_> = (0..4)
        .map(|_| {
            let commands = server.commands();
            thread::spawn(move || {
                for _ in 0..10 {
                    loop {
                        let read: Value = commands.luthier_json(&["state", "get", "staging"]);
                        let revision = read["revision"].to_string();
                        let count = read["value"]["count"].as_u64().unwrap_or(0) + 1;
                        let merge = json!({ "count": count }).to_string();
                        let patch = [
                            "state",
                            "patch",
                            "staging",
                            "--merge",
                            &merge,
                            "--if-revision",
                            &revision,
                        ];
                        if commands.luthier_succeeds(&patch) {
                            break;
                        }
                    }
                }
            })
        })
        .collect();
    for commands in loops {
        commands.join().unwrap();
    }

    let staged: Value = server.luthier_json(&["state", "get", "staging"]);
    assert_eq!(staged["value"]["count"], 40);
}
