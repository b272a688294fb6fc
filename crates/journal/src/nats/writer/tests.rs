use super::*;

#[test]
fn what_a_server_refuses_is_told_from_what_it_does_not_answer() {
    let told = [
        (400, 10_002),
        (400, 10_164),
        (429, 10_167),
        (404, 10_059),
        (503, 10_008),
    ];
    let codes = told.map(|(code, error)| {
        let refused = serde_json::json!({"code": code, "err_code": error, "description": "no"});
        let refused = serde_json::from_value(refused).unwrap();
        reason_of_refusal(&refused).code()
    });

    assert_eq!(
        codes,
        [
            "disk_full",
            "journal_busy",
            "journal_busy",
            "journal_failed",
            "journal_unreachable",
        ]
    );
}
