//! What an index says of one version of a package, and whether that speaks against it.

use serde::Deserialize;

use super::{Licences, Vetted, Wheel, normalised, shown};

/// What `pip install --only-binary :all:` installs.
const WHEEL: &str = "bdist_wheel";

/// Reasons of one package; more of them say nothing new.
const REASONS_MAX: usize = 10;

/// The answer to `GET /pypi/NAME/VERSION/json`. What is looked at has to be there: an index that
/// leaves advisories out does not say that there are none.
#[derive(Debug, Deserialize)]
pub(super) struct Release {
    pub(super) info: Info,
    urls: Vec<File>,
    vulnerabilities: Vec<Advisory>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Info {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default)]
    pub(super) version: String,
    pub(super) license: Option<String>,
    pub(super) license_expression: Option<String>,
    #[serde(default)]
    pub(super) classifiers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct File {
    packagetype: String,
    digests: Digests,
    yanked: bool,
}

#[derive(Debug, Deserialize)]
struct Digests {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Advisory {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    fixed_in: Vec<String>,
    /// When it was taken back, if it was.
    #[serde(default)]
    withdrawn: Option<String>,
}

impl Release {
    /// Does it tell of this package, and not of another one?
    pub(super) fn is_of(&self, wheel: &Wheel) -> bool {
        normalised(&self.info.name) == wheel.name
            && trimmed(&self.info.version) == trimmed(&wheel.version)
    }

    pub(super) fn vet(&self, wheel: &Wheel, licences: &Licences) -> Vetted {
        let named = format!("{} {}", wheel.name, wheel.version);
        let mut refused = self.wrong_files(wheel, &named);
        let licence = match licences.judge(&self.info) {
            Ok(licence) => Some(licence),
            Err(error) => {
                refused.push(format!("{named} {error}"));
                None
            }
        };
        let open = self.vulnerabilities.iter();
        let open = open.filter(|advisory| advisory.withdrawn.is_none());
        refused.extend(open.map(|advisory| format!("{named} has {}", advisory.told())));
        if refused.len() > REASONS_MAX {
            let more = refused.len() - REASONS_MAX;
            refused.truncate(REASONS_MAX);
            refused.push(format!("{more} more things speak against {named}"));
        }
        Vetted {
            name: wheel.name.clone(),
            version: wheel.version.clone(),
            licence,
            refused,
        }
    }

    fn wrong_files(&self, wheel: &Wheel, named: &str) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut has_wheel = false;
        for hash in &wheel.hashes {
            let mut files = self.urls.iter();
            match files.find(|file| file.digests.sha256.eq_ignore_ascii_case(hash)) {
                None => wrong.push(format!("no file of {named} has sha256:{hash}")),
                Some(file) if file.yanked => {
                    wrong.push(format!("the file of {named} with sha256:{hash} was yanked"));
                }
                Some(file) => has_wheel |= file.packagetype == WHEEL,
            }
        }
        if wrong.is_empty() && !has_wheel {
            wrong.push(format!(
                "no hash of {named} is that of a wheel, and nothing else is installed"
            ));
        }
        wrong
    }
}

impl Advisory {
    fn told(&self) -> String {
        let listed = |texts: &[String]| {
            const LISTED_MAX: usize = 5;
            let shown = texts.iter().take(LISTED_MAX).map(|text| shown(text));
            shown.collect::<Vec<_>>().join(", ")
        };
        let aliases = match listed(&self.aliases) {
            none if none.is_empty() => none,
            aliases => format!(" ({aliases})"),
        };
        let fixed = match listed(&self.fixed_in) {
            none if none.is_empty() => "which no version mends".to_owned(),
            versions => format!("mended in {versions}"),
        };
        format!("an advisory, {}{aliases}, {fixed}", shown(&self.id))
    }
}

/// A version for comparing: `1.0` and `1.0.0` are the same one.
fn trimmed(version: &str) -> &str {
    let mut version = version;
    while let Some(shorter) = version.strip_suffix(".0") {
        version = shorter;
    }
    version
}
