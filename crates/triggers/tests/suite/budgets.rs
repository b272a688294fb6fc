//! What may stand in the list, and what is said of what may not.

use serde_json::{Value, json};
use triggers::{Bound, Kpi, LiveBudgets};

use crate::support::budgets;

fn parse(live: &Value) -> Result<LiveBudgets, triggers::BadLiveBudget> {
    LiveBudgets::parse(Some(json!({ "live": live }).to_string().as_bytes()))
}

#[test]
fn what_a_budget_does_not_say_is_the_careful_default() {
    let live = budgets(&json!([
        {"name": "errors", "kpi": "error_rate", "max": 0.05, "window_s": 300},
        {"name": "use", "kpi": "calls", "tool": "echo", "min": 1, "window_s": 60, "cool_down_s": 5,
         "wake": false, "rollback": false},
    ]));

    let [errors, used] = &live.list[..] else {
        panic!("{live:?}")
    };
    assert_eq!(
        (errors.kpi, errors.bound),
        (Kpi::ErrorRate, Bound::Max(0.05))
    );
    assert_eq!((errors.samples_min, errors.cool_down_s), (1, 300));
    assert!(errors.wakes && errors.rolls_back && errors.burn.is_none());
    assert_eq!((used.samples_min, used.cool_down_s), (0, 5));
    assert!(!used.wakes && !used.rolls_back);
    assert_eq!(LiveBudgets::parse(None).unwrap(), LiveBudgets::default());
    assert_eq!(
        LiveBudgets::parse(Some(b"{}")).unwrap(),
        LiveBudgets::default()
    );
}

#[test]
fn a_budget_that_is_none_is_named_with_what_would_be_one() {
    let good = json!({"name": "n", "kpi": "error_rate", "max": 0.1, "window_s": 60});
    let with = |member: &str, value: Value| {
        let mut budget = good.clone();
        budget[member] = value;
        json!([budget])
    };
    let without = |member: &str| {
        let mut budget = good.clone();
        budget.as_object_mut().unwrap().remove(member);
        json!([budget])
    };
    let burn =
        |short: u64, rate: f64| with("burn", json!({"short_window_s": short, "rate_max": rate}));

    let table: Vec<String> = [
        json!({}),
        json!([1]),
        json!([good, good]),
        Value::Array(vec![good.clone(); 65]),
        without("name"),
        without("kpi"),
        without("window_s"),
        without("max"),
        with("min", json!(0)),
        with("name", json!("a b")),
        with("kpi", json!("eror_rate")),
        with("kpi", json!(3)),
        with("tool", json!("")),
        with("max", json!("0.1")),
        with("window_s", json!(5)),
        with("window_s", json!(2_592_001)),
        with("window_s", json!(60.5)),
        with("samples_min", json!(-1)),
        with("cool_down_s", json!(-1)),
        with("wake", json!("yes")),
        with("rolback", json!(true)),
        with("burn", json!(2)),
        with("burn", json!({"short_window_s": 10})),
        burn(60, 2.0),
        burn(10, 0.0),
        json!([{"name": "n", "kpi": "mean_reward", "min": 0.1, "window_s": 60,
                "burn": {"short_window_s": 10, "rate_max": 2}}]),
    ]
    .iter()
    .map(|live| parse(live).unwrap_err().to_string())
    .collect();

    insta::assert_snapshot!(table.join("\n"), @"
    `live` is a list of budgets
    `live[0]` is a JSON object
    `live[1].name` is `n`, as another budget is
    `live` has 65 budgets, 64 are allowed
    `live[0].name` is missing
    `live[0].kpi` is missing
    `live[0].window_s` is missing
    `live[0]` has one of `max` and `min`
    `live[0]` has one of `max` and `min`
    `live[0].name` is 1 to 64 of a-z A-Z 0-9 _ -
    `live[0].kpi` is no KPI; did you mean `error_rate`?
    `live[0].kpi` is no KPI; there are `calls`, `error_rate`, `latency_p50_ms`, `latency_p95_ms`, `latency_p99_ms`, `mean_reward`, `mean_rating`, `similar_complaints`, `updates`
    `live[0].tool` is 1 to 64 of a-z A-Z 0-9 _ -
    `live[0].max` is a number
    `live[0].window_s` is a whole number of seconds, 6 to 2592000
    `live[0].window_s` is a whole number of seconds, 6 to 2592000
    `live[0].window_s` is a whole number of seconds, 6 to 2592000
    `live[0].samples_min` is a whole number of 0 or more
    `live[0].cool_down_s` is a whole number of seconds, 0 to 2592000
    `live[0].wake` is true or false
    `live[0].rolback` is no member of a budget; did you mean `rollback`?
    `live[0].burn` is a JSON object
    `live[0].burn.rate_max` is a number above 0
    `live[0].burn.short_window_s` is shorter than `window_s`
    `live[0].burn.rate_max` is a number above 0
    `live[0].burn` takes a `max` above 0, which it is a multiple of
    ");
}

#[test]
fn the_published_schema_allows_what_is_read_and_refuses_what_is_not() {
    let schema = jsonschema::validator_for(&LiveBudgets::schema()).unwrap();
    let table = [
        (json!([]), true),
        (
            json!([{"name": "a", "kpi": "calls", "min": 1, "window_s": 60}]),
            true,
        ),
        (
            json!([{"name": "a", "kpi": "latency_p95_ms", "tool": "echo", "max": 200, "window_s": 3600,
                "samples_min": 50, "burn": {"short_window_s": 300, "rate_max": 2},
                "cool_down_s": 600, "wake": false, "rollback": true}]),
            true,
        ),
        (
            json!([{"name": "a", "kpi": "calls", "window_s": 60}]),
            false,
        ),
        (
            json!([{"name": "a", "kpi": "calls", "min": 1, "max": 2, "window_s": 60}]),
            false,
        ),
        (
            json!([{"name": "a", "kpi": "none", "min": 1, "window_s": 60}]),
            false,
        ),
        (
            json!([{"name": "a", "kpi": "calls", "min": 1, "window_s": 1}]),
            false,
        ),
        (
            json!([{"name": "a", "kpi": "calls", "min": 1, "window_s": 60, "x": 1}]),
            false,
        ),
        (
            json!([{"name": "a", "kpi": "error_rate", "max": 1, "window_s": 60, "burn": {"short_window_s": 10}}]),
            false,
        ),
    ];

    for (live, is_allowed) in table {
        assert_eq!(schema.is_valid(&live), is_allowed, "{live}");
        assert_eq!(parse(&live).is_ok(), is_allowed, "{live}");
    }
}
