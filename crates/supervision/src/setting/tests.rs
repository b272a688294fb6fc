use super::*;

static RUNNER: [SettingSpec; 3] = [
    SettingSpec::integer(
        "workers_max",
        2,
        (1, 64),
        "workers",
        "How many worker processes serve.",
    ),
    SettingSpec::float(
        "spare_ratio",
        0.5,
        (0.0, 1.0),
        "",
        "Warm spares for each worker.",
    ),
    SettingSpec::bool("preload", true, "Load the next version ahead."),
];

static CATALOGUE: [ServiceSettings; 1] = [ServiceSettings {
    service: "runner",
    settings: &RUNNER,
}];

fn checked(path: &str, text: &str) -> String {
    match check_setting(&CATALOGUE, path, text) {
        Ok(setting) => format!("{}.{} = {}", setting.service, setting.name, setting.value),
        Err(error) => match error.hint() {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        },
    }
}

#[test]
fn values_within_bounds_are_read_as_a_person_writes_them() {
    assert_eq!(
        checked("runner.workers_max", " 64 "),
        "runner.workers_max = 64"
    );
    assert_eq!(checked("runner.spare_ratio", "1"), "runner.spare_ratio = 1");
    assert_eq!(checked("runner.preload", "false"), "runner.preload = false");
}

#[test]
fn each_mistake_is_named_together_with_what_would_be_right() {
    let mistakes = [
        ("runner", "1"),
        ("runer.workers_max", "1"),
        ("journal.workers_max", "1"),
        ("runner.worker_max", "1"),
        ("runner.zzz", "1"),
        ("runner.workers_max", "many"),
        ("runner.workers_max", "1.5"),
        ("runner.workers_max", "65"),
        ("runner.workers_max", "99999999999999999999"),
        ("runner.spare_ratio", "NaN"),
        ("runner.spare_ratio", "-0.1"),
        ("runner.preload", "yes"),
    ]
    .map(|(path, text)| checked(path, text))
    .join("\n");

    insta::assert_snapshot!(mistakes, @"
    `runner` does not name a setting as SERVICE.NAME (for example `supervision.health_interval_ms`)
    there is no service `runer` with settings (did you mean `runner`?)
    there is no service `journal` with settings
    `runner` has no setting `worker_max` (did you mean `workers_max`?)
    `runner` has no setting `zzz`
    `workers_max` takes a whole number, not `many`
    `workers_max` takes a whole number, not `1.5`
    `workers_max` takes 1 to 64 workers, not 65
    `workers_max` takes a whole number, not `99999999999999999999`
    `spare_ratio` takes 0 to 1, not NaN
    `spare_ratio` takes 0 to 1, not -0.1
    `preload` takes `true` or `false`, not `yes`
    ");
}

#[test]
fn a_value_from_an_event_is_checked_like_text_and_survives_json() {
    let spec = &RUNNER[1];

    let widened = spec.check(SettingValue::Integer(1)).unwrap();
    let text = serde_json::to_string(&[
        SettingValue::Bool(true),
        SettingValue::Integer(-7),
        SettingValue::Float(0.25),
    ])
    .unwrap();
    let back: [SettingValue; 3] = serde_json::from_str(&text).unwrap();

    assert_eq!(widened, SettingValue::Float(1.0));
    assert_eq!(text, "[true,-7,0.25]");
    assert_eq!(back[2], SettingValue::Float(0.25));
    insta::assert_snapshot!(
        spec.check(SettingValue::Bool(true)).unwrap_err(),
        @"`spare_ratio` takes a number, not `true`"
    );
}

#[test]
fn a_specification_describes_itself_in_json() {
    insta::assert_snapshot!(
        serde_json::to_string(&RUNNER[0]).unwrap(),
        @r#"{"name":"workers_max","kind":"integer","default":2,"min":1,"max":64,"unit":"workers","description":"How many worker processes serve."}"#
    );
}
