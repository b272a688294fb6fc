//! Saying where the server is, once it can do its work.

use std::time::{Duration, Instant};

use serde_json::json;
use supervision::{Health, Supervisor};
use tokio_util::sync::CancellationToken;
use web::{Link, NotReady, PartHealth};

use super::services;
use crate::{failure::Failure, output::Tone, session::Session};

/// Between two looks at readiness while starting.
const LOOK_MS: u64 = 2;

/// After this long the URLs are printed all the same, with what is amiss.
const READY_MS_MAX: u64 = 30_000;

/// Prints the URLs once every service works, or late and with what is amiss.
pub(super) async fn when_ready(
    session: &Session,
    name: &str,
    url: &str,
    links: &[Link],
    supervisor: &Supervisor,
    begun: &CancellationToken,
) -> Result<(), Failure> {
    let is_ready = wait_until_ready(supervisor, begun).await;
    let reasons = if is_ready {
        Vec::new()
    } else {
        reasons(supervisor, begun)
    };
    print(session, name, url, links, &reasons)
}

/// Waits until every service has answered and works.
async fn wait_until_ready(supervisor: &Supervisor, begun: &CancellationToken) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(READY_MS_MAX) {
        if begun.is_cancelled() && supervisor.snapshot().is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
    false
}

/// What keeps the services from their work. Until `begun`, nothing is known to serve.
pub(super) fn reasons(supervisor: &Supervisor, begun: &CancellationToken) -> Vec<NotReady> {
    let services = supervisor.snapshot().services.into_iter();
    let first = (!begun.is_cancelled()).then(|| NotReady {
        part: services::STATE.to_owned(),
        reason: "the first version is being proved".to_owned(),
    });
    let not_ready = services.filter_map(|service| {
        let reason = match service.health {
            None => "it has not answered yet".to_owned(),
            Some(Health::Unhealthy { reason }) => reason,
            Some(Health::Healthy | Health::Degraded { .. }) => return None,
        };
        Some(NotReady {
            part: service.name,
            reason,
        })
    });
    first.into_iter().chain(not_ready).collect()
}

/// How every service is, as it was last found.
pub(super) fn services(supervisor: &Supervisor) -> Vec<PartHealth> {
    let services = supervisor.snapshot().services.into_iter();
    services
        .map(|service| {
            let (status, reason) = match service.health {
                None => ("unknown", None),
                Some(Health::Healthy) => ("healthy", None),
                Some(Health::Degraded { reason }) => ("degraded", Some(reason)),
                Some(Health::Unhealthy { reason }) => ("unhealthy", Some(reason)),
            };
            PartHealth {
                name: service.name,
                status,
                reason,
            }
        })
        .collect()
}

/// One object for scripts; for people a line a URL.
fn print(
    session: &Session,
    name: &str,
    url: &str,
    links: &[Link],
    not_ready: &[NotReady],
) -> Result<(), Failure> {
    for reason in not_ready {
        session
            .output
            .warn(&format!("not ready: {}: {}", reason.part, reason.reason));
    }
    let object = json!({
        "ready": not_ready.is_empty(),
        "name": name,
        "url": url,
        "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"),
        "urls": links.iter().map(|link| json!({
            "url": format!("{url}{}", link.path),
            "about": link.about,
        })).collect::<Vec<_>>(),
    });
    session.output.answer(&object, |_| {
        let head = session
            .output
            .paint(Tone::Strong, &format!("{name} is served at {url}"));
        let width = links.iter().map(|link| link.path.len()).max().unwrap_or(0);
        let lines = links
            .iter()
            .map(|link| format!("  {url}{:<width$}  {}", link.path, link.about));
        let lines: Vec<String> = std::iter::once(head).chain(lines).collect();
        lines.join("\n")
    })
}
