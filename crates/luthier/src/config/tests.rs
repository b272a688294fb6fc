use std::{fs, path::Path};

use serde_json::json;

use super::*;
use crate::environment::Environment;

/// Both files and the environment, in a folder of their own.
struct Sources {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Sources {
    fn new(workspace: &str, user: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("luthier.toml"), workspace).unwrap();
        fs::write(folder.path().join("user.toml"), user).unwrap();
        let environment = Environment::of(variables, folder.path());
        Self {
            folder,
            environment,
        }
    }

    fn resolve(&self, flags: Flags) -> Result<Settings, ConfigError> {
        Layers {
            flags,
            environment: &self.environment,
            workspace_file: Some(&self.folder.path().join("luthier.toml")),
            user_file: Some(&self.folder.path().join("user.toml")),
        }
        .resolve()
    }

    fn refusal(&self) -> String {
        let settings = self.resolve(Vec::new());
        let refused = settings.and_then(|settings| Config::of(&settings, None, Path::new("/w")));
        let text = refused.unwrap_err().to_string();
        text.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

#[test]
fn a_flag_beats_a_variable_beats_the_workspace_beats_the_user_beats_the_default() {
    let table = [
        ("", "", &[][..], vec![]),
        ("", "[http]\nport = 1", &[], vec![]),
        ("[http]\nport = 2", "[http]\nport = 1", &[], vec![]),
        (
            "[http]\nport = 2",
            "",
            &[("LUTHIER_HTTP_PORT", "3")],
            vec![],
        ),
        (
            "[http]\nport = 2",
            "",
            &[("LUTHIER_HTTP_PORT", "3")],
            vec![("http.port", json!(4), "--port")],
        ),
    ];

    let resolved = table.map(|(workspace, user, variables, flags)| {
        let sources = Sources::new(workspace, user, variables);
        let settings = sources.resolve(flags).unwrap();
        let origin = settings.origin("http.port").to_string();
        let origin = origin.replace(&format!("{}/", sources.folder.path().display()), "");
        format!("{} from {origin}", settings.value("http.port"))
    });

    insta::assert_snapshot!(resolved.join("\n"), @r"
    7777 from default
    1 from user.toml:2
    2 from luthier.toml:2
    3 from variable LUTHIER_HTTP_PORT
    4 from flag --port
    ");
}

#[test]
fn an_unknown_key_or_variable_warns_with_the_nearest_and_its_line() {
    let sources = Sources::new(
        "name = \"x\"\n\n[http]\nprot = 1\n[unheard]\nof = 2\n",
        "",
        &[
            ("LUTHIER_HTTP_BNID", "::1"),
            ("LUTHIER_WORKSPACE", "/w"),
            ("OTHER", "1"),
        ],
    );

    let warnings = sources.resolve(Vec::new()).unwrap().warnings.join("\n");

    let warnings = warnings.replace(&format!("{}/", sources.folder.path().display()), "");
    insta::assert_snapshot!(warnings, @r"
    there is no key `http.prot` (luthier.toml:4): did you mean `http.port`?
    there is no key `unheard.of` (luthier.toml:6)
    there is no variable `LUTHIER_HTTP_BNID`: did you mean `LUTHIER_HTTP_BIND`?
    ");
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_its_place() {
    let table = [
        ("[http]\nport = 70000", &[][..]),
        ("[http]\nport = \"7\"", &[]),
        ("[http]\ntokens = [1]", &[]),
        ("[http]\ntokens = [\"short\"]", &[]),
        ("[http]\nbind = \"nowhere\"", &[]),
        ("[http", &[]),
        ("", &[("LUTHIER_HTTP_INSECURE", "yes")]),
        ("", &[("LUTHIER_TELEMETRY_OTLP_PROTOCOL", "carrier pigeon")]),
        ("", &[("LUTHIER_TELEMETRY_OTLP_HEADERS", "secret")]),
    ];

    let refusals =
        table.map(|(workspace, variables)| Sources::new(workspace, "", variables).refusal());

    insta::assert_snapshot!(refusals.join("\n"), @r#"
    `http.port` takes a whole number from 0 to 65535, not 70000 (luthier.toml:2)
    `http.port` takes a whole number from 0 to 65535, not "7" (luthier.toml:2)
    `http.tokens` takes a list of texts, not what was given (luthier.toml:2)
    `http.tokens` cannot be used: a token has 16 to 512 characters, this one 5 (luthier.toml:2)
    `http.bind` cannot be used: invalid IP address syntax (luthier.toml:2)
    `luthier.toml` line 1 is not TOML: unclosed table, expected `]`
    `http.insecure` takes `true` or `false`, not "yes" (variable LUTHIER_HTTP_INSECURE)
    `telemetry.otlp_protocol` takes one of `grpc`, `http`, not "carrier pigeon" (variable LUTHIER_TELEMETRY_OTLP_PROTOCOL)
    `telemetry.otlp_headers` cannot be used: a header is written `name=value` (variable LUTHIER_TELEMETRY_OTLP_HEADERS)
    "#);
}

#[test]
fn every_key_has_a_path_and_a_description_of_its_own() {
    let keys = keys();
    let mut paths: Vec<&str> = keys.iter().map(|key| key.path.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();

    assert_eq!(paths.len(), keys.len());
    for key in &keys {
        assert!(key.description.ends_with('.'), "{}", key.path);
    }
}

#[test]
fn a_relative_data_folder_belongs_to_the_workspace_unless_somebody_typed_it() {
    let data = |workspace: &str, variables: &[(&str, &str)]| {
        let sources = Sources::new(workspace, "", variables);
        let settings = sources.resolve(Vec::new()).unwrap();
        Config::of(&settings, Some(Path::new("/w")), Path::new("/here"))
            .unwrap()
            .data
    };

    assert_eq!(data("", &[]), Path::new("/w/.luthier"));
    assert_eq!(data("data = \"d\"", &[]), Path::new("/w/d"));
    assert_eq!(
        data("data = \"d\"", &[("LUTHIER_DATA", "e")]),
        Path::new("/here/e")
    );
    assert_eq!(data("data = \"/d\"", &[]), Path::new("/d"));
}
