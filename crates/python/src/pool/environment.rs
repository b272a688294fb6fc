//! What workers inherit of the environment of this process: everything but what is meant for the
//! server alone. Whatever a tool runs could read it, and a tool needs none of it.

use std::ffi::OsStr;
use std::process::Command;

/// The server's own settings, keys of the vault among them, and the keys of its bucket.
const OWN_PREFIXES: [&str; 2] = ["LUTHIER_", "AWS_"];

/// The keys of those who answer the Architect.
const PROVIDER_KEYS: [&str; 2] = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"];

/// What clients show to the server.
const TOKEN: &str = "MCP_LUTHIER_TOKEN";

/// `OTEL_EXPORTER_OTLP_HEADERS` and its kind hold the keys of a collector.
const TELEMETRY_PREFIX: &str = "OTEL_";
const HEADERS_SUFFIX: &str = "_HEADERS";

/// Keeps from `command` what is not for tools. A worker is told all it needs in its first frame.
pub(super) fn withhold(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if is_withheld(&name) {
            command.env_remove(&name);
        }
    }
}

/// Case does not matter: Python programs look some variables up in either.
fn is_withheld(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || name == TOKEN
        || PROVIDER_KEYS.contains(&name.as_str())
        || name.starts_with(TELEMETRY_PREFIX) && name.ends_with(HEADERS_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_for_the_server_alone_is_withheld_and_all_else_is_kept() {
        let names = [
            "LUTHIER_VAULT_SECRET_ACCESS_KEY",
            "luthier_http_token",
            "AWS_SESSION_TOKEN",
            "MCP_LUTHIER_TOKEN",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "OTEL_SERVICE_NAME",
            "PATH",
            "HOME",
            "LANG",
            "PYTHONPATH",
            "VIRTUAL_ENV",
            "SHOP_API_KEY",
            "MY_AWS_KEY",
        ];

        let kept = names.iter().filter(|name| !is_withheld(OsStr::new(name)));

        let kept: Vec<_> = kept.copied().collect();
        assert_eq!(kept, names[8..]);
    }
}
