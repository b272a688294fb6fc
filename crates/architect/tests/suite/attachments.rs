//! The names of attachments, and what is fetched by them.

use std::{collections::BTreeMap, io};

use architect::attachments::{
    ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, BadAttachments, FetchError, Fetched, Fetcher, Hosts,
    Https, HttpsError, Media, SourceError, Sources, URI_CHARS_MAX, Uri, parse_all,
};
use async_trait::async_trait;
use bytes::Bytes;
use model::Digest;

/// Has one thing under a name that is known, and is broken for sessions.
struct Shelf(BTreeMap<String, Bytes>);

#[async_trait]
impl Sources for Shelf {
    async fn read(&self, uri: &Uri) -> Result<Bytes, SourceError> {
        match uri {
            Uri::Session(_) => Err(SourceError::Unavailable {
                source: Box::new(io::Error::other("the disk is gone")),
            }),
            Uri::S3 { .. } => Err(SourceError::Refused {
                reason: "the bucket is none of ours".to_owned(),
            }),
            Uri::File(_) | Uri::Https(_) => panic!("`{uri}` is not kept here"),
            Uri::Logs(_) | Uri::State(_) | Uri::Eval(_) | Uri::Asset(_) => {
                let unknown = || SourceError::Unknown {
                    known: self.0.keys().cloned().collect(),
                };
                self.0.get(&uri.to_string()).cloned().ok_or_else(unknown)
            }
        }
    }
}

async fn fetch(
    uri: &str,
    shelf: &[(&str, &[u8])],
    files: &[(&str, &[u8])],
) -> Result<Fetched, FetchError> {
    let map = |things: &[(&str, &[u8])]| -> BTreeMap<String, Bytes> {
        (things.iter())
            .map(|(name, bytes)| ((*name).to_owned(), Bytes::copy_from_slice(bytes)))
            .collect()
    };
    let hosts = Hosts::parse(&["docs.example.org"]).expect("it is a host");
    let https = Https::new(hosts).expect("the client can be set up");
    let fetcher = Fetcher {
        files: &map(files),
        sources: &Shelf(map(shelf)),
        https: &https,
    };
    let uri = Uri::parse(uri).expect("it names an attachment");
    fetcher.fetch(&uri).await
}

async fn typed(bytes: &[u8]) -> Result<Fetched, FetchError> {
    fetch("file:thing", &[], &[("thing", bytes)]).await
}

#[test]
fn every_kind_of_name_reads_back_from_its_text() {
    for text in [
        "logs://c-1",
        "state://active",
        "state://staging",
        "eval://micro_results.jsonl",
        "eval://1.4.2/summary.json",
        "session://0198c5b2-7c1e-7d3a",
        "assets://handbook/releases.md",
        "s3://my-bucket/evals/a.json",
        "https://docs.example.org/",
        "https://docs.example.org/a/b?c=d&e=%20f",
        "file:tests/micro/text.jsonl",
        "file:tools/lib/Ä ö.py".replace(' ', "_").as_str(),
    ] {
        assert_eq!(Uri::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn one_page_has_one_name() {
    for text in [
        "https://Docs.Example.org",
        "https://docs.example.org:443/",
        "https://docs.example.org/#part",
    ] {
        assert_eq!(
            Uri::parse(text).unwrap().to_string(),
            "https://docs.example.org/"
        );
    }
}

#[test]
fn a_bad_name_is_refused_by_what_is_wrong_with_it() {
    let bad = [
        ("", "has no scheme"),
        ("notes.txt", "has no scheme"),
        ("ftp://docs.example.org/a", "has a scheme that there is not"),
        ("file:///etc/passwd", "has an absolute path"),
        ("file:/etc/passwd", "has an absolute path"),
        ("file:C:/secrets", "has an absolute path"),
        ("file:", "names no file"),
        ("file:../secrets", "has a path that leads elsewhere"),
        (
            "file:tests/../../secrets",
            "has a path that leads elsewhere",
        ),
        ("file:./a", "has a path that leads elsewhere"),
        ("file:a//b", "has a path that leads elsewhere"),
        ("file:a\\..\\b", "has `\\`, `%`, `?` or `#` in its path"),
        ("file:%2e%2e/a", "has `\\`, `%`, `?` or `#` in its path"),
        ("file:a b", "has white space or control characters"),
        ("file:a\0b", "has white space or control characters"),
        ("logs://", "has a name that cannot be one"),
        ("logs://a/b", "has a name that cannot be one"),
        ("session://..", "has a name that cannot be one"),
        ("state://other", "names no state"),
        ("eval://../a", "has a path that leads elsewhere"),
        ("assets:///a", "has an absolute path"),
        ("s3://bucket", "names no bucket"),
        ("s3://B/key", "names no bucket"),
        ("s3://a..b/key", "names no bucket"),
        ("s3://bucket/", "names no file"),
        ("s3://bucket/a/../b", "has a path that leads elsewhere"),
        ("http://docs.example.org/", "is not encrypted"),
        ("https://", "names no host"),
        ("https://localhost/", "names no host"),
        ("https://127.0.0.1/", "names no host"),
        ("https://2130706433/", "names no host"),
        ("https://0x7f.1/", "names no host"),
        ("https://127.1/", "names no host"),
        ("https://a.0x7f/", "names no host"),
        ("https://a.b./", "names no host"),
        ("https://[::1]/", "names a port"),
        ("https://ｅxample.org/", "names no host"),
        ("https://docs.example.org:8443/", "names a port"),
        (
            "https://user:secret@docs.example.org/",
            "has a user or a password",
        ),
        (
            "https://docs.example.org\\@evil.example/",
            "has a user or a password",
        ),
        (
            "https://docs.example.org/é",
            "has characters that a URL cannot have",
        ),
    ];

    for (text, problem) in bad {
        let refused = Uri::parse(text).map_err(|error| error.problem);
        assert_eq!(refused, Err(problem), "{text}");
    }
    let long = format!("file:{}", "a".repeat(URI_CHARS_MAX));
    assert_eq!(Uri::parse(&long).unwrap_err().problem, "is too long");
    insta::assert_snapshot!(
        Uri::parse("file:\u{1b}[2J").unwrap_err(),
        @"the attachment `file:‹U+001B›[2J` has white space or control characters: write them as %20 and the like, or leave them out"
    );
}

#[test]
fn too_many_attachments_and_the_same_twice_are_refused() {
    let names: Vec<String> = (0..=ATTACHMENTS_MAX)
        .map(|n| format!("logs://c-{n}"))
        .collect();

    assert_eq!(
        parse_all(&names).unwrap_err(),
        BadAttachments::TooMany { given: 9 }
    );
    assert_eq!(parse_all(&names[1..]).unwrap().len(), ATTACHMENTS_MAX);
    assert!(matches!(
        parse_all(&["file:a", "file:a"]),
        Err(BadAttachments::Twice(_))
    ));
    assert!(matches!(
        parse_all(&["file:a", "/a"]),
        Err(BadAttachments::Uri(_))
    ));
}

#[tokio::test]
async fn a_thing_is_typed_by_what_it_is() {
    let things: [(&[u8], Media); 9] = [
        (b"{\"a\": 1}", Media::Json),
        (b"[1,\n2]\n", Media::Json),
        (b"{\"a\": 1}\n\n{\"a\": 2}\n", Media::JsonLines),
        (b"{\"a\": 1}\nnot json\n", Media::Text),
        (b"42", Media::Text),
        (b"", Media::Text),
        (
            b"2026-01-04T10:00:00Z INFO a\n  at b\n2026-01-04 10:00:01 WARN c\n",
            Media::Log,
        ),
        (b"ERROR no\n[INFO] yes\n", Media::Log),
        ("\u{feff}Café\n".as_bytes(), Media::Text),
    ];

    for (bytes, media) in things {
        let fetched = typed(bytes).await.unwrap();
        assert_eq!(fetched.media, media, "{}", fetched.text);
        assert_eq!(fetched.digest, Digest::of(fetched.text.as_bytes()));
        assert_eq!((fetched.bytes, fetched.note), (fetched.text.len(), None));
    }
}

#[tokio::test]
async fn what_is_binary_is_refused() {
    let things: [&[u8]; 4] = [b"\x89PNG\r\n\x1a\n", b"a\0b", b"caf\xc3", b"\x01\x02\x03 a"];

    for bytes in things {
        let refused = typed(bytes).await.unwrap_err();
        assert!(matches!(refused, FetchError::NotText { .. }), "{refused}");
    }
    insta::assert_snapshot!(
        typed(b"a\0b").await.unwrap_err(),
        @"the attachment `file:thing` cannot be used: it is binary: it has a NUL at byte 1; attach the text of it"
    );
}

#[tokio::test]
async fn a_long_thing_is_cut_between_characters_and_says_so() {
    let text = format!("a{}", "é".repeat(ATTACHMENT_BYTES_MAX / 2 + 10));
    let lines = "{\"a\": 1}\n".repeat(ATTACHMENT_BYTES_MAX / 8);

    let fetched = typed(text.as_bytes()).await.unwrap();
    let fetched_lines = typed(lines.as_bytes()).await.unwrap();

    assert_eq!(fetched.bytes, ATTACHMENT_BYTES_MAX - 1);
    assert_eq!(
        fetched.note.as_deref(),
        Some("only the first 262143 bytes are here")
    );
    assert!(text.starts_with(&fetched.text));
    assert_eq!(fetched.digest, Digest::of(fetched.text.as_bytes()));
    assert_eq!(fetched_lines.media, Media::JsonLines);
    assert_eq!(fetched_lines.bytes, ATTACHMENT_BYTES_MAX);
}

#[tokio::test]
async fn what_is_kept_elsewhere_comes_from_its_source_and_a_file_from_the_workspace() {
    let shelf: &[(&str, &[u8])] = &[("logs://c-1", b"INFO hello\n")];

    let log = fetch("logs://c-1", shelf, &[]).await.unwrap();
    let unknown = fetch("logs://c-2", shelf, &[]).await.unwrap_err();
    let broken = fetch("session://s", shelf, &[]).await.unwrap_err();
    let refused = fetch("s3://bucket/key", shelf, &[]).await.unwrap_err();
    let no_file = fetch(
        "file:tests/micro/txt.jsonl",
        &[],
        &[("tests/micro/text.jsonl", b"")],
    )
    .await
    .unwrap_err();

    assert_eq!((log.media, log.text.as_str()), (Media::Log, "INFO hello\n"));
    assert_eq!(
        chain(&unknown),
        "the attachment `logs://c-2` could not be read: there is no such thing; there are: logs://c-1"
    );
    assert_eq!(
        chain(&broken),
        "the attachment `session://s` could not be read: where it is kept does not answer: the disk is gone"
    );
    assert_eq!(
        chain(&refused),
        "the attachment `s3://bucket/key` could not be read: it may not be read: the bucket is none of ours"
    );
    assert_eq!(
        chain(&no_file),
        "the attachment `file:tests/micro/txt.jsonl` names no file of the workspace: did you mean tests/micro/text.jsonl?"
    );
}

#[tokio::test]
async fn a_host_that_nobody_allowed_is_not_even_looked_up() {
    let refused = fetch("https://evil.example/a", &[], &[]).await.unwrap_err();

    assert!(matches!(
        refused,
        FetchError::Https {
            source: HttpsError::NotAllowed { .. },
            ..
        }
    ));
    assert_eq!(
        chain(&refused),
        "the attachment `https://evil.example/a` could not be fetched: `evil.example` is none of the allowed hosts (docs.example.org): add it to them, or attach the page as a file"
    );
}

#[test]
fn hosts_are_allowed_by_name_or_below_a_name() {
    let hosts = Hosts::parse(&["docs.example.org", "*.Wiki.example"]).unwrap();

    for allowed in ["docs.example.org", "a.wiki.example", "a.b.wiki.example"] {
        assert!(hosts.allows(allowed), "{allowed}");
    }
    for other in [
        "example.org",
        "a.docs.example.org",
        "wiki.example",
        "evilwiki.example",
        "docs.example.org.evil.example",
    ] {
        assert!(!hosts.allows(other), "{other}");
    }
    for bad in [
        "",
        "*",
        "*.",
        "localhost",
        "127.0.0.1",
        "https://docs.example.org",
        "a.*.example",
        "[::1]",
    ] {
        assert!(Hosts::parse(&[bad]).is_err(), "{bad}");
    }
}

/// The error and all its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        told.push_str(": ");
        told.push_str(&inner.to_string());
        cause = inner.source();
    }
    told
}
