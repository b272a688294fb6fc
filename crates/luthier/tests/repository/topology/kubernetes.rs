//! The manifests in `deploy/kubernetes/`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Role, Topology, texts, yaml};
use crate::root;

const FOLDER: &str = "deploy/kubernetes";
const NAME: &str = "app.kubernetes.io/name";

struct Manifests(Vec<Value>);

/// A container and the pod that it is in.
struct Placed<'a> {
    workload: &'a Value,
    container: &'a Value,
}

impl Manifests {
    fn load() -> Self {
        let listed = yaml(&format!("{FOLDER}/kustomization.yaml"));
        let files = texts(&listed[0]["resources"]);
        let own = files.iter().filter(|file| !file.starts_with("../"));
        Self(
            own.flat_map(|file| yaml(&format!("{FOLDER}/{file}")))
                .collect(),
        )
    }

    fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |it| it["kind"] == kind)
    }

    fn find<'a>(&'a self, kind: &'a str, name: &'a str) -> Option<&'a Value> {
        self.of_kind(kind).find(|it| it["metadata"]["name"] == name)
    }

    fn workloads(&self) -> impl Iterator<Item = &Value> {
        self.of_kind("Deployment")
            .chain(self.of_kind("StatefulSet"))
    }

    fn place(&self, name: &str) -> Placed<'_> {
        let mut places = self.workloads().flat_map(|workload| {
            let containers = workload["spec"]["template"]["spec"]["containers"].as_array();
            let containers = containers.unwrap().iter();
            containers.map(move |container| Placed {
                workload,
                container,
            })
        });
        let placed = places.find(|it| it.container["name"] == name);
        placed.unwrap_or_else(|| panic!("no container is called `{name}`"))
    }

    fn expect_service(&self, name: &str, port: u64) {
        let service = self.find("Service", name);
        let spec = &service.unwrap_or_else(|| panic!("no Service `{name}`"))["spec"];
        let ports = spec["ports"].as_array().unwrap();
        assert!(ports.iter().any(|it| it["port"] == port), "{name}");
        let placed = self.place(name);
        let template = &placed.workload["spec"]["template"];
        let label = &template["metadata"]["labels"][NAME];
        assert_eq!(spec["selector"][NAME], *label, "{name}");
    }

    /// How many there are, and how many there may be.
    fn replicas(&self, name: &str) -> (u64, Option<u64>) {
        let spec = &self.place(name).workload["spec"];
        match self.find("HorizontalPodAutoscaler", name) {
            None => (spec["replicas"].as_u64().unwrap(), None),
            Some(scaler) => {
                // Named here too, it would undo at each `apply` what the autoscaler did.
                assert_eq!(spec.get("replicas"), None, "{name}");
                let count = |key: &str| scaler["spec"][key].as_u64();
                (count("minReplicas").unwrap(), count("maxReplicas"))
            }
        }
    }
}

impl Placed<'_> {
    fn pod(&self) -> &Value {
        &self.workload["spec"]["template"]["spec"]
    }

    fn expect_port(&self, port: u64) {
        let ports = self.container["ports"].as_array().unwrap();
        let is_open = ports.iter().any(|it| it["containerPort"] == port);
        assert!(is_open, "{}: {port}", self.container["name"]);
    }

    /// The number behind a port's name.
    fn port(&self, name: &Value) -> &Value {
        let ports = self.container["ports"].as_array().unwrap();
        let found = ports.iter().find(|it| it["name"] == *name);
        &found.unwrap_or_else(|| panic!("no port {name}"))["containerPort"]
    }

    fn expect_probe(&self, probe: &str, path: &str, port: u64) {
        let get = &self.container[probe]["httpGet"];
        let found = get["path"].as_str().unwrap_or_default();
        let (found, _) = found.split_once('?').unwrap_or((found, ""));
        assert_eq!(found, path, "{} {probe}", self.container["name"]);
        assert_eq!(*self.port(&get["port"]), port, "{probe}");
    }

    fn expect_limits(&self, cpu_m: u64, memory_mib: u64) {
        let limits = &self.container["resources"]["limits"];
        let name = &self.container["name"];
        let cpu = limits["cpu"].as_str().unwrap();
        let cpu = cpu
            .strip_suffix('m')
            .map_or_else(|| format!("{cpu}000"), str::to_owned);
        assert_eq!(cpu, cpu_m.to_string(), "{name}");
        let memory = limits["memory"].as_str().unwrap();
        let memory: u64 = match (memory.strip_suffix("Gi"), memory.strip_suffix("Mi")) {
            (Some(gib), _) => gib.parse::<u64>().unwrap() * 1024,
            (None, mib) => mib.unwrap().parse().unwrap(),
        };
        assert_eq!(memory, memory_mib, "{name}");
    }

    /// The kind of volume that a path is on, and its name.
    fn volume(&self, path: &str) -> Option<(&str, &str)> {
        let mounts = self.container["volumeMounts"].as_array().unwrap();
        let mount = mounts.iter().find(|it| it["mountPath"] == path)?;
        let name = mount["name"].as_str().unwrap();
        let named = |it: &&Value| it["name"] == name || it["metadata"]["name"] == name;
        let claims = self.workload["spec"]["volumeClaimTemplates"].as_array();
        if claims.is_some_and(|claims| claims.iter().any(|it| named(&it))) {
            return Some(("claim", name));
        }
        let volumes = self.pod()["volumes"].as_array().unwrap();
        let volume = volumes.iter().find(named).unwrap();
        let kind = volume
            .as_object()
            .unwrap()
            .keys()
            .find(|key| *key != "name");
        Some((kind.unwrap(), name))
    }
}

#[test]
fn every_manifest_is_listed_and_every_workload_named_by_the_topology() {
    let listed = yaml(&format!("{FOLDER}/kustomization.yaml"));
    let mut listed: BTreeSet<String> = texts(&listed[0]["resources"]).into_iter().collect();
    listed.remove("../config");
    listed.insert("kustomization.yaml".to_owned());
    let entries = std::fs::read_dir(root().join(FOLDER)).unwrap();
    let files = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), listed);

    let topology = Topology::load();
    let roles = topology.role.iter().map(|it| it.name.clone());
    let services = topology.service.iter().map(|it| it.name.clone());
    let manifests = Manifests::load();
    let containers = manifests.workloads().flat_map(|workload| {
        let containers = &workload["spec"]["template"]["spec"]["containers"];
        let containers = containers.as_array().unwrap().iter();
        containers.map(|it| it["name"].as_str().unwrap().to_owned())
    });
    let wanted: BTreeSet<String> = roles.chain(services).collect();
    assert_eq!(containers.collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn the_cluster_starts_each_role_as_the_topology_says() {
    let (manifests, topology) = (Manifests::load(), Topology::load());
    for role in &topology.role {
        let name = &*role.name;
        let placed = manifests.place(name);
        assert_eq!(placed.container["image"], *topology.image, "{name}");
        assert_eq!(texts(&placed.container["args"]), role.arguments(), "{name}");
        placed.expect_port(role.port);
        placed.expect_probe("startupProbe", "/healthz", role.port);
        placed.expect_probe("livenessProbe", "/healthz", role.port);
        placed.expect_probe("readinessProbe", "/readyz", role.port);
        placed.expect_limits(role.cpu_m, role.memory_mib);
        let leave = texts(&placed.container["lifecycle"]["preStop"]["exec"]["command"]);
        let leave_s = topology.stop.leave_s.to_string();
        assert_eq!(leave, ["sleep", &leave_s], "{name}");
        let wanted = (role.replicas, role.replicas_max);
        assert_eq!(manifests.replicas(name), wanted, "{name}");
        manifests.expect_service(name, role.port);
        if role.replicas_max.is_some() {
            let all = format!("{name}-any");
            let all = manifests.find("Service", &all);
            let spec = &all.expect("the proxy asks for all of them")["spec"];
            assert_eq!(spec["publishNotReadyAddresses"], true, "{name}");
            assert_eq!(spec["selector"][NAME], *name, "{name}");
        }
        expect_environment(&manifests, &topology, role);
        expect_volumes(&placed, &topology, role);
    }
}

fn expect_environment(manifests: &Manifests, topology: &Topology, role: &Role) {
    let container = manifests.place(&role.name).container;
    let mut told = BTreeSet::new();
    for source in container["envFrom"].as_array().unwrap() {
        let name = source["configMapRef"]["name"].as_str().unwrap();
        let settings = manifests.find("ConfigMap", name).unwrap();
        told.extend(settings["data"].as_object().unwrap().keys().cloned());
    }
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        let is_new = told.insert(name.to_owned());
        assert!(is_new, "{}: {name} is said twice", role.name);
    }
    assert_eq!(told, topology.environment_of(role), "{}", role.name);
}

fn expect_volumes(placed: &Placed<'_>, topology: &Topology, role: &Role) {
    let name = &role.name;
    let (kind, _) = placed.volume("/data").unwrap();
    if role.has_volume() {
        assert_eq!(kind, "claim", "{name}");
        assert_eq!(placed.workload["metadata"]["name"], *role.data, "{name}");
    } else {
        assert_eq!(kind, "emptyDir", "{name}");
    }
    let has_workspace = placed.volume("/workspace").is_some();
    assert_eq!(has_workspace, role.workspace, "{name}");
    let sees_others = placed.pod()["shareProcessNamespace"] == true;
    assert_eq!(sees_others, topology.is_shared(role), "{name}");
}

#[test]
fn the_cluster_starts_what_roles_stand_on_as_the_topology_says() {
    let (manifests, topology) = (Manifests::load(), Topology::load());
    for wanted in &topology.service {
        let name = &*wanted.name;
        let placed = manifests.place(name);
        assert_eq!(placed.container["image"], *wanted.image, "{name}");
        placed.expect_port(wanted.port);
        placed.expect_probe("livenessProbe", &wanted.health, wanted.health_port);
        placed.expect_probe("readinessProbe", &wanted.health, wanted.health_port);
        placed.expect_limits(wanted.cpu_m, wanted.memory_mib);
        let replicas = manifests.replicas(name);
        assert_eq!(replicas, (wanted.replicas_kubernetes, None), "{name}");
        manifests.expect_service(name, wanted.port);
        if let Some(data) = &wanted.data {
            assert_eq!(placed.volume("/data"), Some(("claim", &**data)), "{name}");
        }
    }
}

#[test]
fn every_pod_has_time_to_stop_and_no_rights_that_it_does_not_need() {
    let (manifests, topology) = (Manifests::load(), Topology::load());
    for workload in manifests.workloads().chain(manifests.of_kind("Job")) {
        let name = &workload["metadata"]["name"];
        let pod = &workload["spec"]["template"]["spec"];
        if workload["kind"] != "Job" {
            let grace = &pod["terminationGracePeriodSeconds"];
            assert_eq!(*grace, topology.stop.grace_s, "{name}");
        }
        // Else the address of a Service becomes a variable, and some would be read as settings.
        assert_eq!(pod["enableServiceLinks"], false, "{name}");
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        let security = &pod["securityContext"];
        assert_eq!(security["runAsNonRoot"], true, "{name}");
        assert_eq!(security["seccompProfile"]["type"], "RuntimeDefault");
        let begun = pod["initContainers"].as_array().into_iter().flatten();
        for container in begun.chain(pod["containers"].as_array().unwrap()) {
            let security = &container["securityContext"];
            assert_eq!(security["allowPrivilegeEscalation"], false, "{name}");
            assert_eq!(security["readOnlyRootFilesystem"], true, "{name}");
            assert_eq!(texts(&security["capabilities"]["drop"]), ["ALL"], "{name}");
            for kind in ["requests", "limits"] {
                let resources = container["resources"][kind].as_object().unwrap();
                assert_eq!(resources.len(), 2, "{name} {kind}");
            }
        }
    }
}

#[test]
fn what_has_several_replicas_keeps_some_while_machines_are_emptied() {
    let (manifests, topology) = (Manifests::load(), Topology::load());
    let roles = topology.role.iter().map(|it| (&*it.name, it.replicas));
    let services = topology.service.iter();
    let services = services.map(|it| (&*it.name, it.replicas_kubernetes));
    for (name, replicas) in roles.chain(services) {
        let budget = manifests.find("PodDisruptionBudget", name);
        assert_eq!(budget.is_some(), replicas > 1, "{name}");
        if let Some(budget) = budget {
            let selected = &budget["spec"]["selector"]["matchLabels"][NAME];
            assert_eq!(selected, name);
        }
    }
}

#[test]
fn there_are_as_many_copies_of_the_journal_as_servers_of_it() {
    let (manifests, topology) = (Manifests::load(), Topology::load());
    let settings = &manifests.find("ConfigMap", "luthier").unwrap()["data"];
    let nats = topology
        .service
        .iter()
        .find(|it| it.name == "nats")
        .unwrap();
    let copies = settings["LUTHIER_JOURNAL_REPLICAS"].as_str().unwrap();
    assert_eq!(copies, nats.replicas_kubernetes.to_string());
    let cluster = crate::read("deploy/config/nats-cluster.conf");
    let routes = cluster.matches("nats-route://").count();
    assert_eq!(Ok(routes as u64), copies.parse());
}

#[test]
fn the_way_in_leads_to_the_proxy_and_that_to_the_roles() {
    let manifests = Manifests::load();
    let kustomization = yaml(&format!("{FOLDER}/kustomization.yaml"));
    let namespace = kustomization[0]["namespace"].as_str().unwrap();
    let variables = &manifests.place("proxy").container["env"];
    let mut variables = variables.as_array().unwrap().iter();
    let suffix = variables.find(|it| it["name"] == "DNS_SUFFIX").unwrap();
    let wanted = format!(".{namespace}.svc.cluster.local");
    assert_eq!(suffix["value"], *wanted);
    let ingress = manifests.find("Ingress", "luthier").unwrap();
    for rule in ingress["spec"]["rules"].as_array().unwrap() {
        let settings = &manifests.find("ConfigMap", "luthier").unwrap()["data"];
        assert_eq!(rule["host"], settings["LUTHIER_HTTP_HOSTS"]);
        let paths = rule["http"]["paths"].as_array().unwrap();
        for path in paths {
            assert_eq!(path["backend"]["service"]["name"], "proxy");
            assert_eq!(path["path"], "/");
        }
    }
}
