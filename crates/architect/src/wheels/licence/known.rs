//! Names of licences that are no identifiers of SPDX, and what they mean.

/// Classifiers of `PyPI`, below `License` and `OSI Approved`. One that leaves open which of several
/// licences it means stands for all of them.
const CLASSIFIERS: [(&str, &str); 24] = [
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("Apache Software License", "Apache-2.0"),
    ("BSD License", "BSD-2-Clause AND BSD-3-Clause"),
    ("ISC License (ISCL)", "ISC"),
    ("Python Software Foundation License", "PSF-2.0"),
    ("Python License (CNRI Python License)", "CNRI-Python"),
    ("zlib/libpng License", "Zlib"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("Zero-Clause BSD (0BSD)", "0BSD"),
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    ("Historical Permission Notice and Disclaimer (HPND)", "HPND"),
    ("CMU License (MIT-CMU)", "MIT-CMU"),
    ("Blue Oak Model License (BlueOak-1.0.0)", "BlueOak-1.0.0"),
    ("Universal Permissive License (UPL)", "UPL-1.0"),
    (
        "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",
        "CC0-1.0",
    ),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("Eclipse Public License 2.0 (EPL-2.0)", "EPL-2.0"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    (
        "GNU General Public License v2 or later (GPLv2+)",
        "GPL-2.0-or-later",
    ),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    (
        "GNU General Public License v3 or later (GPLv3+)",
        "GPL-3.0-or-later",
    ),
    (
        "GNU Lesser General Public License v3 (LGPLv3)",
        "LGPL-3.0-only",
    ),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
];

/// What packages write by hand, in lower case.
const NAMES: [(&str, &str); 25] = [
    ("mit license", "MIT"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("expat", "MIT"),
    ("apache 2.0", "Apache-2.0"),
    ("apache 2", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache2", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache 2.0 license", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("bsd", "BSD-2-Clause AND BSD-3-Clause"),
    ("bsd license", "BSD-2-Clause AND BSD-3-Clause"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("simplified bsd", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-3-clause license", "BSD-3-Clause"),
    ("new bsd", "BSD-3-Clause"),
    ("isc license", "ISC"),
    ("python software foundation license", "PSF-2.0"),
    ("the unlicense", "Unlicense"),
    ("mpl 2.0", "MPL-2.0"),
];

/// The expression that a classifier stands for.
pub(super) fn by_classifier(name: &str) -> Option<&'static str> {
    let found = CLASSIFIERS.iter().find(|(known, _)| *known == name)?;
    Some(found.1)
}

/// The expression that a name stands for.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let found = NAMES.iter().find(|(known, _)| *known == name)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_for_an_expression() {
        for (name, expression) in CLASSIFIERS.iter().chain(&NAMES) {
            assert!(super::super::expression(expression).is_some(), "{name}");
        }
    }

    #[test]
    fn names_are_written_as_they_are_looked_for() {
        for (name, _) in NAMES {
            assert_eq!(name, name.to_ascii_lowercase());
        }
    }
}
