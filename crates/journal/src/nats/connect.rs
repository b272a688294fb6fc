//! Getting at a server, and making sure that it keeps what it acknowledges.

use std::{fmt, time::Duration};

use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, ServerAddr,
    jetstream::{
        self, ErrorCode,
        context::GetStreamErrorKind,
        stream::{Config, DiscardPolicy, RetentionPolicy, StorageType},
    },
};
use futures_util::StreamExt as _;
use model::Event;
use semver::Version;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::{reader::ANSWER_MAX, wire::Names};
use crate::log::EVENT_BYTES_MAX;

/// The first one that compares a filter of subjects, and reads many messages at once.
const VERSION_MIN: Version = Version::new(2, 12, 0);
/// What a message may need: the largest event, as text that holds bytes, with its headers.
const PAYLOAD_MIN: usize = EVENT_BYTES_MAX / 3 * 4 + (1 << 20);
/// In this time the server keeps a second message of the same key away, longer than any write lasts.
const SAME_KEY_WITHIN: Duration = Duration::from_mins(2);
/// A server that does not answer a few of these is left for another one.
const PING_EVERY: Duration = Duration::from_secs(2);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// So long a server is looked for that is not there, before it is said that it is not.
const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
const RECONNECT_PAUSE_MAX: Duration = Duration::from_millis(250);
/// What one server of a cluster waits for another's answer.
const SERVERS_ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// How the address of a server may begin.
const SCHEMES: [&str; 4] = ["nats", "tls", "ws", "wss"];

/// How a journal on `JetStream` is opened.
#[derive(Clone)]
pub struct NatsOptions {
    /// `nats://user:password@host:4222`, several with commas between them.
    pub servers: String,
    /// The same for the system account, which is asked whether servers sync what they store.
    pub system: Option<String>,
    /// Somebody answers for it that servers sync what they store before they acknowledge it.
    pub trusts_sync: bool,
    /// The stream; a journal is all that is in it.
    pub stream: String,
    /// On so many servers each event is kept.
    pub replicas: usize,
    /// How many writes may be under way.
    pub writes_max: u32,
    /// Which events their writers are answered for only once everybody who holds a [`Tenure`](crate::Tenure)
    /// has taken them up.
    pub is_awaited: fn(&Event) -> bool,
}

impl NatsOptions {
    pub fn new(servers: impl Into<String>) -> Self {
        Self {
            servers: servers.into(),
            system: None,
            trusts_sync: false,
            stream: "luthier".to_owned(),
            replicas: 1,
            writes_max: 4096,
            is_awaited: |_event| false,
        }
    }
}

impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let system = self.system.as_deref().map(without_passwords);
        f.debug_struct("NatsOptions")
            .field("servers", &without_passwords(&self.servers))
            .field("system", &system)
            .field("trusts_sync", &self.trusts_sync)
            .field("stream", &self.stream)
            .field("replicas", &self.replicas)
            .field("writes_max", &self.writes_max)
            .finish_non_exhaustive()
    }
}

/// Why a journal was not opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    #[error("`{servers}` cannot be reached: {reason}; see that nats-server runs there")]
    Unreachable { servers: String, reason: String },
    #[error("`{0}` is no name of a stream: letters, digits, - and _ alone")]
    Name(String),
    #[error("nats-server {found} is too old: {VERSION_MIN} or newer is needed")]
    Version { found: String },
    #[error("JetStream is off: start nats-server with `jetstream {{ sync_interval: always }}`")]
    JetStream,
    #[error(
        "`max_payload` of nats-server is {found}, and events need {PAYLOAD_MIN}: set `max_payload: 16MB`"
    )]
    Payload { found: usize },
    #[error(
        "`sync_interval` of nats-server `{server}` is {found}, so a power cut loses what it acknowledged: set `jetstream {{ sync_interval: always }}`"
    )]
    Sync { server: String, found: String },
    #[error(
        "whether nats-server syncs what it stores cannot be seen: name a user of its system account, or say that it does"
    )]
    SyncUnknown,
    #[error("the stream `{stream}` has `{setting}` {found}, and a journal needs {wanted}")]
    Stream {
        stream: String,
        setting: &'static str,
        found: String,
        wanted: String,
    },
    #[error("the stream `{stream}` could not be made: {reason}")]
    Create { stream: String, reason: String },
}

pub(super) async fn connect(servers: &str) -> Result<Client, NatsError> {
    let failed = |reason: String| NatsError::Unreachable {
        servers: without_passwords(servers),
        reason,
    };
    let mut options = ConnectOptions::new()
        .name("luthier")
        .connection_timeout(CONNECT_MAX)
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(reconnect_pause)
        .request_timeout(Some(ANSWER_MAX));
    let addresses: Result<Vec<ServerAddr>, _> = servers
        .split(',')
        .map(|server| server.trim().parse())
        .collect();
    // The parser's own words may show a part of a password.
    let addresses =
        addresses.map_err(|_invalid| failed("one of them is no address of a server".to_owned()))?;
    // One user for all of them; without a password it is a token.
    let named = addresses
        .iter()
        .find_map(|address| Some((address.username()?, address.password())));
    options = match named {
        Some((user, Some(password))) => options.user_and_password(user.into(), password.into()),
        Some((token, None)) => options.token(token.into()),
        None => options,
    };
    let until = Instant::now() + CONNECT_PATIENCE;
    loop {
        match options.clone().connect(addresses.clone()).await {
            Ok(client) => return Ok(client),
            // It may just start anew.
            Err(error) if Instant::now() < until && is_away(error.kind()) => {
                sleep(RECONNECT_PAUSE_MAX).await;
            }
            Err(error) => return Err(failed(error.to_string())),
        }
    }
}

fn is_away(kind: ConnectErrorKind) -> bool {
    matches!(
        kind,
        ConnectErrorKind::Io | ConnectErrorKind::TimedOut | ConnectErrorKind::Dns
    )
}

/// More and more time lies between two tries to find a server again.
fn reconnect_pause(tries: usize) -> Duration {
    let doubled = u32::try_from(tries).unwrap_or(u32::MAX);
    let pause = Duration::from_millis(2_u64.saturating_pow(doubled));
    pause.min(RECONNECT_PAUSE_MAX)
}

/// Where the servers are, and no more. A comma may be part of a password that was not written as a URL has it.
fn without_passwords(servers: &str) -> String {
    let mut shown: Vec<(bool, String)> = Vec::new();
    for server in servers.split(',') {
        let named = server.trim().split_once("://");
        let named = named.filter(|(scheme, _)| SCHEMES.contains(scheme));
        let (scheme, rest) = named.unwrap_or(("nats", server.trim()));
        let (user, host) = rest.rsplit_once('@').unwrap_or(("", rest));
        if !user.is_empty() && named.is_none() {
            // What is before it may be the beginning of the password, back to where a URL begins.
            while shown.pop().is_some_and(|(is_begun, _)| !is_begun) {}
        }
        shown.push((named.is_some(), format!("{scheme}://{host}")));
    }
    let shown: Vec<String> = shown.into_iter().map(|(_, server)| server).collect();
    shown.join(",")
}

/// Is there a stream of that name? One that cannot be is not.
pub(super) async fn has_stream(client: &Client, options: &NatsOptions) -> Result<bool, NatsError> {
    let found = jetstream::new(client.clone())
        .get_stream(&options.stream)
        .await;
    let Err(error) = found else { return Ok(true) };
    match error.kind() {
        GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => Ok(false),
        GetStreamErrorKind::JetStream(error)
            if error.error_code() == ErrorCode::STREAM_NOT_FOUND =>
        {
            Ok(false)
        }
        GetStreamErrorKind::JetStream(_) | GetStreamErrorKind::Request => {
            Err(NatsError::Unreachable {
                servers: without_passwords(&options.servers),
                reason: error.to_string(),
            })
        }
    }
}

/// Refuses what could lose an event that it has acknowledged.
pub(super) async fn check(client: &Client, options: &NatsOptions) -> Result<(), NatsError> {
    let is_name = |name: &str| {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_".contains(letter);
        !name.is_empty() && name.chars().all(fits)
    };
    if !is_name(&options.stream) {
        return Err(NatsError::Name(options.stream.clone()));
    }
    let server = client.server_info();
    let version = Version::parse(&server.version);
    if version.is_ok_and(|version| version < VERSION_MIN) {
        return Err(NatsError::Version {
            found: server.version,
        });
    }
    if server.max_payload < PAYLOAD_MIN {
        return Err(NatsError::Payload {
            found: server.max_payload,
        });
    }
    match &options.system {
        Some(system) => check_sync(system, options.replicas).await,
        None if options.trusts_sync => Ok(()),
        None => Err(NatsError::SyncUnknown),
    }
}

/// Asks every server of the cluster.
async fn check_sync(system: &str, replicas: usize) -> Result<(), NatsError> {
    let unreachable = |reason: String| NatsError::Unreachable {
        servers: without_passwords(system),
        reason,
    };
    let client = connect(system).await?;
    let inbox = client.new_inbox();
    let answers = client.subscribe(inbox.clone()).await;
    let mut answers = answers.map_err(|error| unreachable(error.to_string()))?;
    let asked = client.publish_with_reply("$SYS.REQ.SERVER.PING.VARZ", inbox, "".into());
    asked
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    // In a cluster nobody says how many there are: whoever answers within a second after another one.
    let expected = match client.server_info().cluster {
        Some(_) => usize::MAX,
        None => 1,
    };
    let mut servers = 0;
    let mut answered = 0;
    while answered < expected
        && let Ok(Some(answer)) = timeout(SERVERS_ANSWER_WITHIN, answers.next()).await
    {
        answered += 1;
        let told: Value = serde_json::from_slice(&answer.payload).unwrap_or_default();
        let config = &told["data"]["jetstream"]["config"];
        if !config.is_object() {
            // A server without streams keeps none.
            continue;
        }
        servers += 1;
        if config["sync_always"] != true {
            let nanoseconds = config["sync_interval"].as_u64().unwrap_or_default();
            return Err(NatsError::Sync {
                server: told["server"]["name"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
                found: format!("{:?}", Duration::from_nanos(nanoseconds)),
            });
        }
    }
    if servers < replicas.max(1) {
        return Err(NatsError::SyncUnknown);
    }
    Ok(())
}

/// Makes the streams if there are none, and refuses those that could forget.
pub(super) async fn streams(
    context: &jetstream::Context,
    names: &Names,
    replicas: usize,
) -> Result<(), NatsError> {
    let events = Config {
        name: names.events.clone(),
        subjects: vec![names.all_events()],
        duplicate_window: SAME_KEY_WITHIN,
        ..lasting(replicas)
    };
    let keys = Config {
        name: names.keys.clone(),
        subjects: vec![names.all_keys()],
        // Noted again, it is the same.
        max_messages_per_subject: 1,
        discard: DiscardPolicy::Old,
        deny_delete: false,
        deny_purge: false,
        ..lasting(replicas)
    };
    let leases = Config {
        name: names.leases.clone(),
        subjects: vec![names.all_leases()],
        // Renewed, it takes the place of what was said before.
        max_messages_per_subject: 1,
        discard: DiscardPolicy::Old,
        deny_delete: false,
        deny_purge: false,
        allow_message_ttl: true,
        ..lasting(replicas)
    };
    for wanted in [events, keys, leases] {
        let stream = wanted.name.clone();
        let made = context.get_or_create_stream(wanted.clone()).await;
        let made = made.map_err(|error| match error.kind() {
            jetstream::context::CreateStreamErrorKind::JetStreamUnavailable => NatsError::JetStream,
            _ => NatsError::Create {
                stream: stream.clone(),
                reason: error.to_string(),
            },
        })?;
        compare(&made.cached_info().config, &wanted)?;
    }
    Ok(())
}

fn lasting(replicas: usize) -> Config {
    Config {
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        num_replicas: replicas,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        ..Config::default()
    }
}

fn compare(found: &Config, wanted: &Config) -> Result<(), NatsError> {
    let named = |setting: &'static str, is: String, should: String| NatsError::Stream {
        stream: wanted.name.clone(),
        setting,
        found: is,
        wanted: should,
    };
    let is_derived = found.mirror.is_some() || found.sources.is_some();
    let is_synced = found.persist_mode.is_none() || found.persist_mode == wanted.persist_mode;
    let checks: [(&'static str, String, String); 14] = [
        (
            "mirror or sources",
            is_derived.to_string(),
            "false".to_owned(),
        ),
        ("no_ack", found.no_ack.to_string(), "false".to_owned()),
        (
            "persist_mode of its own",
            (!is_synced).to_string(),
            "false".to_owned(),
        ),
        (
            "deny_delete",
            found.deny_delete.to_string(),
            wanted.deny_delete.to_string(),
        ),
        (
            "max_msgs_per_subject",
            found.max_messages_per_subject.max(0).to_string(),
            wanted.max_messages_per_subject.max(0).to_string(),
        ),
        (
            "storage",
            format!("{:?}", found.storage),
            format!("{:?}", wanted.storage),
        ),
        (
            "retention",
            format!("{:?}", found.retention),
            format!("{:?}", wanted.retention),
        ),
        (
            "discard",
            format!("{:?}", found.discard),
            format!("{:?}", wanted.discard),
        ),
        (
            "max_msgs",
            found.max_messages.max(-1).to_string(),
            "-1".to_owned(),
        ),
        (
            "max_bytes",
            found.max_bytes.max(-1).to_string(),
            "-1".to_owned(),
        ),
        (
            "max_age",
            format!("{:?}", found.max_age),
            format!("{:?}", wanted.max_age),
        ),
        (
            "allow_direct",
            found.allow_direct.to_string(),
            wanted.allow_direct.to_string(),
        ),
        (
            "allow_msg_ttl",
            found.allow_message_ttl.to_string(),
            wanted.allow_message_ttl.to_string(),
        ),
        (
            "subjects",
            found.subjects.join(" "),
            wanted.subjects.join(" "),
        ),
    ];
    for (setting, is, should) in checks {
        if is != should {
            return Err(named(setting, is, should));
        }
    }
    if found.duplicate_window < wanted.duplicate_window {
        let (is, should) = (found.duplicate_window, wanted.duplicate_window);
        return Err(named(
            "duplicate_window",
            format!("{is:?}"),
            format!("{should:?} or more"),
        ));
    }
    if found.num_replicas < wanted.num_replicas {
        let (is, should) = (found.num_replicas, wanted.num_replicas);
        return Err(named(
            "num_replicas",
            is.to_string(),
            format!("{should} or more"),
        ));
    }
    Ok(())
}
