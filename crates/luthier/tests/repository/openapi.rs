use std::collections::BTreeSet;

use serde_json::Value;

use crate::read;

#[test]
fn every_operation_has_a_name_and_tells_of_its_errors_as_problems() {
    let api: Value = serde_json::from_str(&read("docs/reference/openapi.json")).unwrap();
    let mut names = BTreeSet::new();
    for (path, methods) in api["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str();
            let name = name.unwrap_or_else(|| panic!("{method} {path} has no operationId"));
            assert!(
                names.insert(name.to_owned()),
                "{name} is the name of two operations"
            );
            let problem = &operation["responses"]["default"]["content"]["application/problem+json"];
            assert!(
                problem.is_object(),
                "{method} {path} does not tell of its errors"
            );
        }
    }
    for named in [
        "read_state",
        "patch_state",
        "list_events",
        "follow_events",
        "verify_events",
    ] {
        assert!(names.contains(named), "{named} is not served");
    }
}
