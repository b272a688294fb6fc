use super::*;

/// What a package states: its expression, its classifiers, its own words.
fn info(expression: &str, classifiers: &[&str], license: &str) -> Info {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Info {
        license: some(license),
        license_expression: some(expression),
        classifiers: classifiers.iter().map(ToString::to_string).collect(),
        ..Info::default()
    }
}

fn judged(info: &Info) -> String {
    let allowed = Licences::parse(&LICENCES_DEFAULT).unwrap();
    match allowed.judge(info) {
        Ok(licence) => format!("allowed: {licence}"),
        Err(error) => format!("it {error}"),
    }
}

#[test]
fn an_expression_is_worked_out() {
    let table: Vec<String> = [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-3.0-only OR (MIT AND BSD-3-Clause)",
        "MIT AND GPL-3.0-only",
        "(MIT OR GPL-3.0-only) AND (Apache-2.0 OR AGPL-3.0-only)",
        "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
        "Apache-2.0 WITH LLVM-exception",
        "MIT WITH LLVM-exception",
        "GPL-2.0-only WITH Classpath-exception-2.0",
        "LicenseRef-Ours",
        "LicenseRef-Ours OR MIT",
        "GPL-3.0",
        "mit",
        "MIT, BSD",
        "MIT OR",
        "(MIT",
        "Free",
        " \n",
    ]
    .iter()
    .map(|text| format!("{text:?}: {}", judged(&info(text, &[], ""))))
    .collect();

    insta::assert_snapshot!(table.join("\n"));
    let long = "MIT AND ".repeat(EXPRESSION_CHARS_MAX) + "MIT";
    assert!(judged(&info(&long, &[], "")).starts_with("it has a licence that is no expression"));
}

#[test]
fn an_expression_goes_before_older_words() {
    let stated = info(
        "MIT",
        &["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"],
        "GPL",
    );

    assert_eq!(judged(&stated), "allowed: MIT");
}

#[test]
fn classifiers_and_names_count_where_they_are_known() {
    let osi = |name: &str| format!("License :: OSI Approved :: {name}");
    let (mit, bsd) = (osi("MIT License"), osi("BSD License"));
    let (gpl, odd) = (
        osi("GNU General Public License v3 (GPLv3)"),
        osi("Odd License"),
    );
    let table: Vec<String> = [
        (vec![mit.as_str()], ""),
        (vec!["Programming Language :: Python", &mit], "UNKNOWN"),
        (
            vec![&bsd],
            "Redistribution and use in source and binary forms, with or without modification, are permitted provided that source keeps the notice above, this list of conditions and the disclaimer that stands below, and binaries say it too.",
        ),
        (vec![&mit, &bsd], "MIT License"),
        (vec![&mit, &gpl], ""),
        (vec![&mit, &odd], ""),
        (vec!["License :: Public Domain"], ""),
        (vec!["License :: Other/Proprietary License"], "MIT"),
        (vec!["License :: OSI Approved"], ""),
        (vec!["License :: OSI Approved"], "MIT"),
        (
            vec!["License :: CC0 1.0 Universal (CC0 1.0) Public Domain Dedication"],
            "",
        ),
        (vec![&mit], "AGPL v3"),
        (vec![&mit], "GPL-3.0-only"),
        (vec![], "MIT"),
        (vec![], "MIT OR GPL-3.0-only"),
        (vec![], "Apache License, Version 2.0"),
        (vec![], "BSD"),
        (vec![], "GPL"),
        (vec![], "see\u{202e} LICENSE\nfile"),
        (vec![], "UNKNOWN"),
        (vec![], ""),
    ]
    .iter()
    .map(|(classifiers, name)| {
        let told = judged(&info("", classifiers, name));
        format!("{classifiers:?} {name:?}\n  {told}")
    })
    .collect();

    insta::assert_snapshot!(table.join("\n"));
}

#[test]
fn only_what_is_configured_is_allowed() {
    let none = Licences::parse::<&str>(&[]).unwrap();
    let mozilla = Licences::parse(&["MPL-2.0"]).unwrap();

    let refused = none.judge(&info("MIT", &[], "")).unwrap_err();

    insta::assert_snapshot!(refused, @"is under MIT, which `architect.wheel_licences` does not allow");
    assert_eq!(mozilla.judge(&info("MPL-2.0", &[], "")).unwrap(), "MPL-2.0");
}

#[test]
fn what_is_no_licence_cannot_be_configured() {
    for text in [
        "",
        "mit",
        "MIT OR ISC",
        "GPL-3.0",
        "MIT License",
        "Apache-2.0+",
    ] {
        let refused = Licences::parse(&[text]).unwrap_err();
        assert_eq!(refused, InvalidLicence(text.to_owned()), "{text}");
    }
}
