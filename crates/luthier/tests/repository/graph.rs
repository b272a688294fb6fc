use std::collections::{BTreeMap, BTreeSet};

use crate::{metadata, read};

/// Each crate below `crates/` with the ones it depends on.
fn real_graph() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata(&["--no-deps"]);
    let packages: Vec<_> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| {
            package["manifest_path"]
                .as_str()
                .unwrap()
                .contains("/crates/")
        })
        .collect();
    let names: BTreeSet<String> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    packages
        .iter()
        .map(|package| {
            let known = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].is_null() && dependency["path"].is_string())
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .filter(|name| names.contains(name))
                .collect();
            (package["name"].as_str().unwrap().to_owned(), known)
        })
        .collect()
}

fn as_text(graph: &BTreeMap<String, BTreeSet<String>>) -> String {
    graph
        .iter()
        .map(|(name, known)| {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            format!("{name} -> {}", known.join(" "))
                .trim_end()
                .to_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_drawn_dependency_graph_is_the_real_one() {
    let page = read("ARCHITECTURE.md");
    let (_, rest) = page
        .split_once("<!-- graph:begin -->\n```\n")
        .expect("the graph begins");
    let (drawn, _) = rest
        .split_once("\n```\n<!-- graph:end -->")
        .expect("the graph ends");

    assert_eq!(as_text(&real_graph()), drawn);
}

#[test]
fn a_role_never_depends_on_a_role_and_only_they_and_web_know_axum() {
    const ROLES: [&str; 5] = ["architect", "console", "runner", "tuner", "versions"];
    let graph = real_graph();
    for (name, known) in &graph {
        let roles: Vec<_> = known
            .iter()
            .filter(|known| ROLES.contains(&known.as_str()))
            .collect();
        assert!(
            roles.is_empty() || name == "luthier",
            "{name} depends on {roles:?}"
        );
    }
    let metadata = metadata(&["--no-deps"]);
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let knows_axum = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .any(|dependency| dependency["kind"].is_null() && dependency["name"] == "axum");
        let may = ROLES.contains(&name) || ["web", "luthier", "benches"].contains(&name);
        assert!(!knows_axum || may, "{name} depends on axum");
    }
}
