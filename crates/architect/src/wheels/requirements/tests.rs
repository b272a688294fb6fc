use proptest::prelude::*;

use super::*;

/// Sixty-four digits.
fn hash(digit: char) -> String {
    digit.to_string().repeat(64)
}

/// `{a}` and `{b}` stand for hashes, since those are long.
fn filled(text: &str) -> String {
    text.replace("{a}", &format!("--hash=sha256:{}", hash('a')))
        .replace("{b}", &format!("--hash=sha256:{}", hash('b')))
}

/// What a file declares, or why it is refused.
fn read(text: &str) -> String {
    match parse(filled(text).as_bytes()) {
        Ok(wheels) => {
            let told = wheels.iter().map(|wheel| {
                let hashes = wheel.hashes.iter().map(|hash| &hash[..1]);
                let hashes: String = hashes.collect();
                format!("{} {} {hashes}", wheel.name, wheel.version)
            });
            told.collect::<Vec<_>>().join(", ")
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn packages_that_are_pinned_by_version_and_hash_are_read() {
    for (text, expected) in [
        ("", ""),
        ("\n# nothing\n\r\n  \t\n", ""),
        ("requests==2.31.0 {a}", "requests 2.31.0 a"),
        ("requests == 2.31.0 {a} {b}\n", "requests 2.31.0 ab"),
        ("requests==2.31.0 {a} {a}\n", "requests 2.31.0 a"),
        (
            "requests==2.31.0 \\\n    {a} \\\r\n    {b}\n    # via shop\n",
            "requests 2.31.0 ab",
        ),
        (
            "requests[socks, use_chardet]==2.31.0 {a}",
            "requests 2.31.0 a",
        ),
        (
            "Zope.Interface__x==5!6.0rc1.post2.dev3 {a}",
            "zope-interface-x 5!6.0rc1.post2.dev3 a",
        ),
        (
            "a==1 ; python_version >= \"3.9\" and sys_platform != 'win32' {a}",
            "a 1 a",
        ),
        ("a==1;python_version<\"3.9\" {a}", "a 1 a"),
        ("a==1 {a} # why\nb==2 {b}", "a 1 a, b 2 b"),
        ("a==1\t{a}", "a 1 a"),
    ] {
        assert_eq!(read(text), expected, "{text:?}");
    }
    let upper = format!("a==1 --hash=sha256:{}", hash('A'));
    assert_eq!(read(&upper), "a 1 a");
}

#[test]
fn what_is_not_a_pinned_package_is_refused_by_what_is_wrong() {
    let table: Vec<String> = [
        "requests",
        "requests {a}",
        "requests>=2.31.0 {a}",
        "requests==2.31.0,!=2.31.1 {a}",
        "requests===2.31.0 {a}",
        "requests~=2.31 {a}",
        "requests (==2.31.0) {a}",
        "requests==2.31.* {a}",
        "requests==v2.31 {a}",
        "requests==2.31+local {a}",
        "requests== {a}",
        "requests==2.31.0",
        "requests==2.31.0 --hash=md5:d41d8cd98f00b204e9800998ecf8427e",
        "requests==2.31.0 --hash=sha256:abc",
        "requests==2.31.0 --hash sha256:abc",
        "requests==2.31.0 {a} --global-option=x",
        "requests==2.31.0 {a} ; python_version<'3'",
        "requests==2.31.0 ; {a}",
        "requests==2.31.0 ; os_name == `id` {a}",
        "requests[]==2.31.0 {a}",
        "requests[a==2.31.0 {a}",
        "-requests==2.31.0 {a}",
        "_requests==2.31.0 {a}",
        "requests-==2.31.0 {a}",
        "-r other.txt",
        "-e .",
        "--index-url https://evil.example",
        "--extra-index-url=https://evil.example",
        "https://evil.example/a.whl {a}",
        "requests @ https://evil.example/a.whl {a}",
        "./wheels/a.whl {a}",
        "requests==2.31.0 \\",
        "requests==2.31.0 \\\nurllib3==2.0 {a}",
        "requests==2.31.0\\\n{a}",
        "requests==2.31.0 {a} # so \\\nurllib3==2.0 {b}",
        "# -*- coding: utf-7 -*-\n",
        "# gr\u{fc}n",
        "# so\u{2028}--index-url https://evil.example",
        "a==1 {a}\r-r other.txt",
        "# so\u{c}-r other.txt",
        "a==1 {a}\n\nA==2 {b}",
        "${NAME}==1 {a}",
    ]
    .iter()
    .map(|text| format!("{text:?}\n  {}", read(text)))
    .collect();

    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn every_bound_is_told() {
    let comments = "#\n".repeat(LINES_MAX + 1);
    let many = |count: usize| {
        let lines = (0..count).map(|number| format!("a{number}==1 {{a}}\n"));
        lines.collect::<String>()
    };
    let hashes: Vec<String> = (0..=HASHES_MAX)
        .map(|number| format!("--hash=sha256:{number:064x}"))
        .collect();
    let told = [
        read(&"#".repeat(BYTES_MAX + 1)),
        read(&comments),
        read(&many(REQUIREMENTS_MAX + 1)),
        read(&format!("a==1 {}", hashes.join(" "))),
        read(&format!("{}==1 {{a}}", "a".repeat(NAME_CHARS_MAX + 1))),
        read(&format!("a=={} {{a}}", "1".repeat(VERSION_CHARS_MAX + 1))),
        read(&format!("a==1;{} {{a}}", "a".repeat(MARKER_CHARS_MAX + 1))),
    ];

    insta::assert_snapshot!(told.join("\n"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        drop(parse(text.as_bytes()));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(parse(&bytes));
    }

    /// Closer to what is read.
    #[test]
    fn whatever_it_reads_is_pinned(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "a", "==", "1.0", " ", "\\", "\n", "#", ";", "[", "]", "-r", "{a}", "{b}", "@", "\t",
                "--hash=", "'", ".*", ",", "b", "\r\n", "os_name",
            ]),
            0..24,
        )
    ) {
        if let Ok(wheels) = parse(filled(&parts.concat()).as_bytes()) {
            for wheel in wheels {
                prop_assert!(!wheel.hashes.is_empty());
                prop_assert!(wheel.hashes.iter().all(|hash| hash.len() == 64));
                prop_assert!(!wheel.version.is_empty() && !wheel.version.contains('*'));
                prop_assert_eq!(super::super::normalised(&wheel.name), wheel.name);
            }
        }
    }
}
