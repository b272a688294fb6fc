use journal::{OpenOptions, SqliteJournal};
use tempfile::TempDir;

use super::*;

struct Desk {
    journal: Arc<dyn Journal>,
    _folder: TempDir,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = OpenOptions::new(folder.path().join("journal.db"));
        let journal = SqliteJournal::open(options).unwrap();
        Self {
            journal,
            _folder: folder,
        }
    }

    async fn call(&self, conversation: &str, version: &str, data: Value) {
        let context = Context {
            conversation: Some(conversation.parse().unwrap()),
            version: Some(version.parse().unwrap()),
            ..Context::of(AgentRole::Runner)
        };
        let event = NewEvent::new(EventType::CALL, Timestamp::now(), context, data);
        let subject = "call".parse().unwrap();
        self.journal
            .append(subject, Expect::Any, event)
            .await
            .unwrap();
    }

    async fn give(&self, parts: FeedbackParts) -> Result<Given, FeedbackError> {
        let feedback = Feedback::new(parts).unwrap();
        let (main, local) = (LineageName::default(), Tenant::default());
        give(
            &self.journal,
            &main,
            &local,
            &feedback,
            Source::Rest,
            Timestamp::now(),
        )
        .await
    }

    async fn kept(&self) -> Vec<Arc<Event>> {
        let query = Query {
            kinds: vec![EventType::FEEDBACK],
            ..Query::all()
        };
        self.journal.read(query).await.unwrap()
    }
}

fn parts(conversation: &str, reward: f64) -> FeedbackParts {
    FeedbackParts {
        conversation: conversation.to_owned(),
        reward: Some(reward),
        ..FeedbackParts::default()
    }
}

#[test]
fn feedback_that_is_none_is_refused_with_the_place() {
    let good = || FeedbackParts {
        conversation: "c".to_owned(),
        ..FeedbackParts::default()
    };
    let reward = |reward| FeedbackParts {
        reward: Some(reward),
        ..good()
    };
    let rating = |rating| FeedbackParts {
        rating: Some(rating),
        ..good()
    };
    let message = |message: &str| FeedbackParts {
        message: Some(message.to_owned()),
        ..good()
    };

    let table: Vec<String> = [
        good(),
        reward(1.01),
        reward(-2.0),
        reward(f64::NAN),
        reward(f64::INFINITY),
        rating(0.0),
        rating(6.0),
        rating(4.5),
        rating(f64::NAN),
        message(""),
        message(" \n"),
        message(&"x".repeat(10_001)),
        FeedbackParts {
            conversation: String::new(),
            ..reward(1.0)
        },
        FeedbackParts {
            conversation: "é".to_owned(),
            ..reward(1.0)
        },
        FeedbackParts {
            id: Some("a b".to_owned()),
            ..reward(1.0)
        },
    ]
    .into_iter()
    .map(|parts| Feedback::new(parts).unwrap_err())
    .map(|bad| format!("{}: {}", bad.pointer, bad.what))
    .collect();

    insta::assert_snapshot!(table.join("\n"), @"
    : feedback has a `reward`, a `rating` or a `message`
    /reward: a reward is a number from -1 to 1
    /reward: a reward is a number from -1 to 1
    /reward: a reward is a number from -1 to 1
    /reward: a reward is a number from -1 to 1
    /rating: a rating is a whole number from 1 to 5
    /rating: a rating is a whole number from 1 to 5
    /rating: a rating is a whole number from 1 to 5
    /rating: a rating is a whole number from 1 to 5
    /message: the message says nothing
    /message: the message says nothing
    /message: it has 10001 characters, 10000 are allowed
    /conversation_id: it has 1 to 128 visible ASCII characters
    /conversation_id: it has 1 to 128 visible ASCII characters
    /id: it has 1 to 128 visible ASCII characters
    ");
}

#[tokio::test]
async fn feedback_is_kept_with_the_conversation_the_tool_and_the_version_of_its_call() {
    let desk = Desk::new();
    desk.call(
        "c1",
        "0.1.0",
        json!({"tool": "inner", "depth": 1, "outcome": "ok"}),
    )
    .await;
    desk.call(
        "c1",
        "0.1.0",
        json!({"tool": "echo", "outcome": "ok", "lineage": "main"}),
    )
    .await;

    let given = desk
        .give(FeedbackParts {
            message: Some("not bad".to_owned()),
            id: Some("f-1".to_owned()),
            ..parts("c1", 0.5)
        })
        .await
        .unwrap();

    assert_eq!(
        (given.feedback_id.as_str(), given.was_repeated),
        ("f-1", false)
    );
    let event = &desk.kept().await[0];
    assert_eq!(event.subject.as_str(), "feedback.lineage.main");
    assert_eq!(event.context.conversation, Some("c1".parse().unwrap()));
    assert_eq!(event.context.version, Some("0.1.0".parse().unwrap()));
    assert_eq!(
        event.data,
        json!({"feedback_id": "f-1", "reward": 0.5, "message": "not bad", "tool": "echo", "source": "rest"})
    );
}

#[tokio::test]
async fn the_same_id_counts_once_and_stands_for_nothing_else() {
    let desk = Desk::new();
    desk.call("c1", "0.1.0", json!({"tool": "echo", "outcome": "ok"}))
        .await;
    desk.call("c2", "0.1.0", json!({"tool": "echo", "outcome": "ok"}))
        .await;
    let with_id = |parts: FeedbackParts| FeedbackParts {
        id: Some("f-1".to_owned()),
        ..parts
    };

    let first = desk.give(with_id(parts("c1", 1.0))).await.unwrap();
    let again = desk.give(with_id(parts("c1", 1.0))).await.unwrap();
    let other = desk.give(with_id(parts("c1", -1.0))).await.unwrap_err();
    let elsewhere = desk.give(with_id(parts("c2", 1.0))).await.unwrap_err();
    desk.give(parts("c1", 1.0)).await.unwrap();
    desk.give(parts("c1", 1.0)).await.unwrap();

    assert_eq!(first.event.seq, again.event.seq);
    assert!(again.was_repeated);
    assert_eq!(
        other.to_string(),
        "the id `f-1` stands for other feedback, which is event 3"
    );
    assert!(matches!(elsewhere, FeedbackError::IdTaken { seq: 3, .. }));
    assert_eq!(desk.kept().await.len(), 3);
}

#[tokio::test]
async fn a_conversation_of_nobody_or_of_others_is_refused() {
    let desk = Desk::new();
    let call = json!({"tool": "echo", "outcome": "ok", "lineage": "from-0.1.0"});
    desk.call("theirs", "0.1.0", call).await;
    let context = Context {
        tenant: "acme".parse().unwrap(),
        conversation: Some("acme".parse().unwrap()),
        ..Context::of(AgentRole::Runner)
    };
    let event = NewEvent::new(
        EventType::CALL,
        Timestamp::now(),
        context,
        json!({"tool": "echo"}),
    );
    desk.journal
        .append("call".parse().unwrap(), Expect::Any, event)
        .await
        .unwrap();

    let mut table = Vec::new();
    for conversation in [
        "theirs",
        "acme",
        "nobody",
        "01900000-0000-7000-8000-000000000000",
    ] {
        table.push(
            desk.give(parts(conversation, 1.0))
                .await
                .unwrap_err()
                .to_string(),
        );
    }

    assert_eq!(
        table,
        [
            "conversation `theirs` is one of the lineage `from-0.1.0`",
            "there is no call of conversation `acme`",
            "there is no call of conversation `nobody`",
            "there is no call of conversation `01900000-0000-7000-8000-000000000000`",
        ]
    );
    assert!(desk.kept().await.is_empty());
}

#[tokio::test]
async fn feedback_that_is_faster_than_the_event_of_its_call_waits_for_it() {
    let desk = Desk::new();
    let conversation = Uuid::now_v7().to_string();

    let given = desk.give(parts(&conversation, 1.0));
    let call = desk.call(
        &conversation,
        "0.1.0",
        json!({"tool": "echo", "outcome": "ok"}),
    );
    let (given, ()) = tokio::join!(given, call);

    assert_eq!(given.unwrap().tool.as_deref(), Some("echo"));
}
