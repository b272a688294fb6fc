//! Calls that go well.

use std::sync::Arc;

use crate::support::{Fixture, Told};

const ECHO: &str = "
@tool
def echo(text: str) -> str:
    '''Says it again.'''
    return text
";

#[tokio::test]
async fn a_tool_answers_with_the_json_of_its_value() {
    let fixture = Fixture::start().await;
    let code = fixture.load(ECHO).await;

    let value = fixture.value(&code, "echo", r#"{"text":"hi"}"#).await;

    insta::assert_snapshot!(value, @r#""hi""#);
}

#[tokio::test]
async fn what_a_tool_prints_is_told_to_whoever_called_it() {
    let fixture = Fixture::start().await;
    let code = fixture
        .load("import sys\n@tool\ndef talk(ctx: Context) -> int:\n    'x'\n    print('one\\ntwo')\n    print('three', end='')\n    print('oops', file=sys.stderr)\n    ctx.progress(1, 2, 'half')\n    ctx.log.info('noted')\n    return 1\n")
        .await;
    let told = Arc::new(Told::default());
    let mut request = fixture.request(&code, "talk", "{}");
    request.events = Some(Arc::clone(&told) as _);

    fixture.pool.call(request).await.unwrap();

    insta::assert_snapshot!(told.lines().join("\n"), @r"
    stdout one
    stdout two
    stderr oops
    progress 1
    info noted
    stdout three
    ");
}

#[tokio::test]
async fn calls_of_one_kind_run_side_by_side() {
    let fixture = Fixture::start().await;
    let code = fixture.load(ECHO).await;

    let calls = (0..500).map(|index| {
        let arguments = format!(r#"{{"text":"{index}"}}"#);
        let fixture = &fixture;
        let code = &code;
        async move { fixture.value(code, "echo", &arguments).await }
    });
    let values = futures_util::future::join_all(calls).await;

    let expected: Vec<_> = (0..500).map(|index| format!("\"{index}\"")).collect();
    assert_eq!(values, expected);
}
