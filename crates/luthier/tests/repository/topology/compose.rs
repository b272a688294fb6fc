//! `docker-compose.yml`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Role, Topology, texts, yaml};

/// Makes the bucket, and ends.
const ONE_SHOT: &str = "bucket";

fn compose() -> Value {
    let mut documents = yaml("docker-compose.yml");
    assert_eq!(documents.len(), 1);
    documents.remove(0)
}

/// What a variable is where nobody sets it.
fn default(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| {
        let text = value.as_str().and_then(|text| text.split_once(":-"));
        text.unwrap().1.trim_end_matches('}').parse().unwrap()
    })
}

fn cpu_m(value: &Value) -> u64 {
    let cores: f64 = value.as_str().unwrap().parse().unwrap();
    format!("{:.0}", cores * 1000.0).parse().unwrap()
}

fn expect_resources(service: &Value, (cpu, memory): (u64, u64), name: &str) {
    let limits = &service["deploy"]["resources"]["limits"];
    assert_eq!(cpu_m(&limits["cpus"]), cpu, "{name}");
    assert_eq!(limits["memory"], format!("{memory}M"), "{name}");
}

fn expect_health(service: &Value, url: &str, name: &str) {
    let test = texts(&service["healthcheck"]["test"]).join(" ");
    assert!(test.contains(url), "{name} is probed by: {test}");
}

#[test]
fn compose_has_what_the_topology_names_and_nothing_else() {
    let (compose, topology) = (compose(), Topology::load());
    let roles = topology.role.iter().map(|it| &*it.name);
    let services = topology.service.iter().map(|it| &*it.name);
    let named: BTreeSet<&str> = roles.chain(services).chain([ONE_SHOT]).collect();

    let services = compose["services"].as_object().unwrap();
    let found: BTreeSet<&str> = services.keys().map(String::as_str).collect();

    assert_eq!(found, named);
    for (name, service) in services {
        assert_eq!(service.get("network_mode"), None, "{name}");
        let is_published = service.get("ports").is_some();
        assert_eq!(is_published, name == "proxy", "{name}");
    }
}

#[test]
fn compose_starts_each_role_as_the_topology_says() {
    let (compose, topology) = (compose(), Topology::load());
    for role in &topology.role {
        let name = &*role.name;
        let service = &compose["services"][name];
        assert_eq!(service["image"], *topology.image, "{name}");
        assert_eq!(texts(&service["command"]), role.arguments(), "{name}");
        let environment = service["environment"].as_object().unwrap();
        let told: BTreeSet<String> = environment.keys().cloned().collect();
        assert_eq!(told, topology.environment_of(role), "{name}");
        let ready = format!("'http://127.0.0.1:{}/readyz'", role.port);
        expect_health(service, &ready, name);
        let grace = format!("{}s", topology.stop.grace_s);
        assert_eq!(service["stop_grace_period"], *grace, "{name}");
        let replicas = default(&service["deploy"]["replicas"]);
        assert_eq!(replicas, role.replicas, "{name}");
        expect_resources(service, (role.cpu_m, role.memory_mib), name);
        assert_eq!(texts(&service["cap_drop"]), ["ALL"], "{name}");
        expect_volumes(&compose, &topology, role);
    }
}

fn expect_volumes(compose: &Value, topology: &Topology, role: &Role) {
    let name = &*role.name;
    let service = &compose["services"][name];
    let mounted = texts(&service["volumes"]);
    let data = if role.has_volume() {
        format!("{}:/data", role.data)
    } else {
        "/data".to_owned()
    };
    assert!(mounted.contains(&data), "{name} mounts {mounted:?}");
    if role.has_volume() {
        assert!(compose["volumes"].get(&role.data).is_some(), "{name}");
    }
    let has_workspace = mounted
        .iter()
        .any(|volume| volume.ends_with(":/workspace:ro"));
    assert_eq!(has_workspace, role.workspace, "{name}");
    // Processes of one data folder tell each other apart by their number.
    let sees_others = service.get("pid").is_some_and(|pid| pid == "host");
    assert_eq!(sees_others, topology.is_shared(role), "{name}");
}

#[test]
fn compose_starts_what_roles_stand_on_as_the_topology_says() {
    let (compose, topology) = (compose(), Topology::load());
    for wanted in &topology.service {
        let name = &*wanted.name;
        let service = &compose["services"][name];
        assert_eq!(service["image"], *wanted.image, "{name}");
        let replicas = default(&service["deploy"]["replicas"]);
        assert_eq!(replicas, wanted.replicas_compose, "{name}");
        expect_resources(service, (wanted.cpu_m, wanted.memory_mib), name);
        // The collector's image has nothing that could probe it.
        if name != "collector" {
            let url = format!("http://127.0.0.1:{}{}", wanted.health_port, wanted.health);
            expect_health(service, &url, name);
        }
        if let Some(volume) = &wanted.data {
            let mounted = texts(&service["volumes"]);
            assert!(mounted.contains(&format!("{volume}:/data")), "{name}");
            assert!(compose["volumes"].get(volume).is_some(), "{name}");
        }
    }
    let bucket = &compose["services"][ONE_SHOT]["image"];
    assert_eq!(*bucket, compose["services"]["s3"]["image"]);
}

#[test]
fn every_file_that_compose_mounts_is_there() {
    let compose = compose();
    for service in compose["services"].as_object().unwrap().values() {
        for volume in texts(&service["volumes"]) {
            if let Some(path) = volume.strip_prefix("./") {
                let (path, _) = path.split_once(':').unwrap();
                assert!(crate::root().join(path).is_file(), "{path}");
            }
        }
    }
}
