//! The templates: that all are embedded, well-formed, and found by what people say.

use std::{collections::BTreeSet, fs, path::Path};

use architect::templates::{self, Kind};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn every_folder_of_the_library_is_embedded_with_all_its_files() {
    let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/library");
    for folder in fs::read_dir(library).unwrap() {
        let folder = folder.unwrap();
        // What is said of the library lies beside the templates.
        if !folder.path().is_dir() {
            continue;
        }
        let name = folder.file_name().into_string().unwrap();
        let template = templates::find(&name).unwrap_or_else(|| panic!("`{name}` is not embedded"));

        let embedded: BTreeSet<&str> = template.files().map(|(_, text)| text).collect();
        for file in fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            let is_there = match path.file_name().unwrap().to_str().unwrap() {
                "about.toml" => text.contains(&template.title),
                "state.merge.json" => template.state == serde_json::from_str(&text).ok(),
                "schema.merge.json" => template.schema == serde_json::from_str(&text).ok(),
                "budgets.merge.json" => template.budgets == serde_json::from_str(&text).ok(),
                cases if cases.starts_with("cases.") => text.lines().all(|line| {
                    let case: Value = serde_json::from_str(line).unwrap();
                    template.cases().iter().any(|filed| filed.case == case)
                }),
                _ => embedded.contains(text.as_str()),
            };
            assert!(is_there, "{} is not embedded", path.display());
        }
    }
}

#[test]
fn every_tool_has_cases_in_all_tiers_that_call_it_or_what_it_improves() {
    for template in templates::all()
        .iter()
        .filter(|template| template.kind != Kind::Budgets)
    {
        for tier in ["micro", "fast", "full"] {
            let file = format!("tests/{tier}/{}.jsonl", template.name);
            let mut cases = template
                .cases()
                .iter()
                .filter(|filed| filed.file == file)
                .peekable();

            assert!(cases.peek().is_some(), "{file}");
            let called = if template.kind == Kind::Tuner {
                &template.needs[0]
            } else {
                template.name
            };
            assert!(cases.all(|filed| filed.case["tool"] == *called), "{file}");
        }
    }
}

#[test]
fn the_names_of_cases_are_unique_in_their_file() {
    for template in templates::all() {
        let names: BTreeSet<(&str, &str)> = template
            .cases()
            .iter()
            .map(|filed| (filed.file.as_str(), filed.case["name"].as_str().unwrap()))
            .collect();

        assert_eq!(names.len(), template.cases().len(), "{}", template.name);
    }
}

#[test]
fn parameters_are_where_they_are_said_to_be() {
    for template in templates::all() {
        for parameter in &template.parameters {
            let found = match parameter.at.split_once("::") {
                Some((path, name)) => {
                    let (_, code) = template.files().find(|(file, _)| *file == path).unwrap();
                    // Python allows `5_000`.
                    let line = format!("{name} = {}", parameter.default).replace('_', "");
                    code.replace('_', "").lines().any(|found| found == line)
                }
                None => {
                    template.state.as_ref().unwrap().pointer(&parameter.at)
                        == Some(&parameter.default)
                }
            };
            assert!(found, "{}: {}", template.name, parameter.at);
        }
    }
}

#[test]
fn states_satisfy_the_schemas_that_come_with_them() {
    for template in templates::all()
        .iter()
        .filter(|template| template.state.is_some())
    {
        let validator = jsonschema::validator_for(template.schema.as_ref().unwrap()).unwrap();

        assert!(
            validator.is_valid(template.state.as_ref().unwrap()),
            "{}",
            template.name
        );
    }
}

#[test]
fn every_wish_of_a_template_finds_it_first() {
    for template in templates::all() {
        for ask in &template.asks {
            let found = templates::nearest(ask, 3);

            assert_eq!(
                found[0].0.name,
                template.name,
                "{ask}: {:?}",
                templates::record(&found)
            );
            assert!(found[0].1 > 0.85, "{ask}: {}", found[0].1);
        }
    }
}

#[test]
fn what_is_shown_to_a_model_has_the_code_and_the_cases() {
    let shown = templates::find("flag_urgent").unwrap().as_context();

    for part in [
        "tools/lib/urgency.py\n\"\"\"How urgent",
        "tools/runner/flag_urgent.py\n",
        "tests/full/flag_urgent.jsonl\n{",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

proptest! {
    #[test]
    fn nearness_is_a_share_and_the_list_is_sorted_and_bounded(query in ".{0,200}", n in 0_usize..30) {
        let found = templates::nearest(&query, n);

        prop_assert!(found.len() <= n);
        prop_assert!(found.iter().all(|(_, near)| *near > 0.0 && *near <= 1.0 + 1e-9));
        prop_assert!(found.is_sorted_by(|one, other| one.1 >= other.1));
        prop_assert_eq!(templates::record(&found), templates::record(&templates::nearest(&query, n)));
    }
}
