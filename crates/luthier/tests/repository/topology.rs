//! `deploy/topology.toml` says what a deployment is made of; what runs it says the same.

mod compose;
mod kubernetes;

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::read;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topology {
    image: String,
    stop: Stop,
    environment: Environment,
    role: Vec<Role>,
    service: Vec<Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stop {
    drain_ms: u64,
    wind_down_s: u64,
    leave_s: u64,
    grace_s: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Environment {
    names: BTreeSet<String>,
}

/// What `luthier serve` serves.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    name: String,
    port: u64,
    paths: Vec<String>,
    data: String,
    workspace: bool,
    replicas: u64,
    replicas_max: Option<u64>,
    scales_by: String,
    #[serde(default)]
    environment: BTreeSet<String>,
    cpu_m: u64,
    memory_mib: u64,
}

/// What roles stand on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    name: String,
    image: String,
    port: u64,
    health: String,
    health_port: u64,
    data: Option<String>,
    replicas_compose: u64,
    replicas_kubernetes: u64,
    scales_by: String,
    cpu_m: u64,
    memory_mib: u64,
}

impl Topology {
    fn load() -> Self {
        let text = read("deploy/topology.toml");
        let table = DeTable::parse(&text).unwrap();
        serde_json::from_value(json(&DeValue::Table(table.into_inner()))).unwrap()
    }

    /// The variables that a role is started with.
    fn environment_of(&self, role: &Role) -> BTreeSet<String> {
        self.environment
            .names
            .union(&role.environment)
            .cloned()
            .collect()
    }

    /// Has another role the same volume?
    fn is_shared(&self, role: &Role) -> bool {
        let has_same = self.role.iter().filter(|other| other.data == role.data);
        role.has_volume() && has_same.count() > 1
    }
}

impl Role {
    fn has_volume(&self) -> bool {
        self.data != "own"
    }

    /// What its container runs.
    fn arguments(&self) -> Vec<String> {
        let port = self.port.to_string();
        let mut words = vec!["serve", &self.name, "--bind", "0.0.0.0", "--port", &port];
        if self.workspace {
            words.extend(["--workspace", "/workspace"]);
        }
        words.extend(["--data", "/data"]);
        words.into_iter().map(str::to_owned).collect()
    }
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Integer(number) => number.as_str().parse::<u64>().unwrap().into(),
        DeValue::Boolean(is_so) => (*is_so).into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect(),
        DeValue::Float(_) | DeValue::Datetime(_) => panic!("a topology has neither: {value:?}"),
    }
}

/// The documents of a YAML file.
fn yaml(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts of an array.
fn texts(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = items.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Names beginning with `LUTHIER_` in a text.
fn variables(text: &str) -> BTreeSet<&str> {
    let is_of_name =
        |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
    text.split(|letter| !is_of_name(letter))
        .filter(|word| word.starts_with("LUTHIER_"))
        .collect()
}

#[test]
fn the_roles_of_the_topology_are_those_of_the_program() {
    let page = read("docs/reference/command-line.md");
    let (_, section) = page.split_once("## `luthier serve`").unwrap();
    let (_, values) = section.split_once("Possible values:\n").unwrap();
    let (values, _) = values.split_once("\n\n").unwrap();
    let served: BTreeSet<&str> = values
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- ")?.split(':').next())
        .collect();

    let topology = Topology::load();
    let named: BTreeSet<&str> = topology.role.iter().map(|role| &*role.name).collect();

    assert_eq!(named, served);
}

#[test]
fn every_path_of_the_api_is_served_by_one_role() {
    const OF_EVERY_SERVER: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
    let api: Value = serde_json::from_str(&read("docs/reference/openapi.json")).unwrap();
    let topology = Topology::load();

    for path in api["paths"].as_object().unwrap().keys() {
        if OF_EVERY_SERVER.contains(&&**path) {
            continue;
        }
        let is_below = |prefix: &String| {
            path.strip_prefix(&**prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let serving = topology
            .role
            .iter()
            .filter(|role| role.paths.iter().any(is_below));
        assert_eq!(serving.count(), 1, "{path}");
    }
}

#[test]
fn every_variable_of_a_deployment_is_a_key_of_the_configuration() {
    // The first is of the build, the second of the command line.
    const NO_KEYS: [&str; 2] = ["LUTHIER_COMMIT", "LUTHIER_WORKSPACE"];
    let page = read("docs/reference/configuration.md");
    let mut unknown = BTreeSet::new();

    for path in [
        "deploy/topology.toml",
        "deploy/example.env",
        "docker-compose.yml",
        "deploy/kubernetes/control.yaml",
        "deploy/kubernetes/console.yaml",
        "deploy/kubernetes/runner.yaml",
        "deploy/kubernetes/settings.yaml",
    ] {
        for name in variables(&read(path)) {
            // A beginning, as in "each name beginning with".
            let is_key = name.ends_with('_') || page.contains(&format!("Variable: `{name}`"));
            if !is_key && !NO_KEYS.contains(&name) {
                unknown.insert(format!("{path}: {name}"));
            }
        }
    }

    assert_eq!(unknown, BTreeSet::new());
}

#[test]
fn a_role_is_given_the_time_that_it_takes_to_stop() {
    let page = read("docs/reference/configuration.md");
    let (_, section) = page.split_once("### `http.drain_ms_max`").unwrap();
    let (_, default) = section.split_once("default: `").unwrap();
    let (default, _) = default.split_once('`').unwrap();
    let Stop {
        drain_ms,
        wind_down_s,
        leave_s,
        grace_s,
    } = Topology::load().stop;

    assert_eq!(default.parse(), Ok(drain_ms));
    assert!(grace_s >= leave_s + drain_ms / 1000 + wind_down_s);
}

#[test]
fn the_proxy_sends_each_path_to_its_role() {
    let config = read("deploy/config/haproxy.cfg");
    let lines: BTreeSet<&str> = config.lines().map(str::trim).collect();
    let topology = Topology::load();

    for role in &topology.role {
        let Role {
            name, port, paths, ..
        } = role;
        let count = role.replicas_max.unwrap_or(role.replicas);
        let is_one = count == 1;
        // There is nobody else to ask where there is one.
        let check = if is_one { "" } else { " check" };
        let mut wanted = vec![format!(
            r#"server-template {name} {count} "{name}${{DNS_SUFFIX}}:{port}"{check}"#
        )];
        if !is_one {
            wanted.push(format!(
                r#"server-template {name} {count} "{name}-any${{DNS_SUFFIX}}:{port}""#
            ));
        }
        // What nobody else takes is the console's.
        wanted.push(match &**name {
            "console" => "default_backend console".to_owned(),
            _ => format!("use_backend {name} if {{ path_reg {} }}", pattern(paths)),
        });
        for line in wanted {
            assert!(lines.contains(&*line), "the proxy lacks `{line}`");
        }
    }
    let proxy = topology.service.iter().find(|it| it.name == "proxy");
    assert!(lines.contains(&*format!("bind :{}", proxy.unwrap().port)));
}

/// The pattern of paths that differ in their last name.
fn pattern(paths: &[String]) -> String {
    let (before, _) = paths[0].rsplit_once('/').unwrap();
    let ends: Vec<&str> = paths
        .iter()
        .map(|path| path.strip_prefix(before).unwrap().trim_start_matches('/'))
        .collect();
    let ends = match &ends[..] {
        [only] => (*only).to_owned(),
        several => format!("({})", several.join("|")),
    };
    let before = before.replace("{version}", "[^/]+");
    format!("^{before}/{ends}(/|$)")
}

#[test]
fn the_journal_is_deployed_on_the_server_that_it_is_tested_against() {
    let setup = read("ci/setup.sh");
    let tested = setup
        .lines()
        .find_map(|line| line.strip_prefix("nats_server_version="));
    let topology = Topology::load();
    let nats = topology.service.iter().find(|it| it.name == "nats");

    let wanted = format!("nats:{}-alpine", tested.unwrap());
    assert_eq!(nats.unwrap().image, wanted);
}

#[test]
fn everything_says_what_it_scales_by() {
    let Topology { role, service, .. } = Topology::load();
    let roles = role.iter().map(|it| &it.scales_by);
    let services = service.iter().map(|it| &it.scales_by);
    assert!(roles.chain(services).all(|it| !it.is_empty()));
}
