//! The keys of the journal.

use super::{DAY_MS, Kind};

pub(super) const KEYS: [(&str, Kind, &str); 7] = [
    (
        "journal.nats",
        Kind::Text { default: "" },
        "The servers that keep the journal, `nats://user:password@host:4222`, with commas between \
         them; empty keeps it in a file in the data folder.",
    ),
    (
        "journal.nats_system",
        Kind::Text { default: "" },
        "The same for a user of the system account, who is asked whether servers sync what they \
         store.",
    ),
    (
        "journal.trust_sync",
        Kind::Switch { default: false },
        "Believe that servers sync what they store, and ask none.",
    ),
    (
        "journal.stream",
        Kind::Text { default: "luthier" },
        "The stream that is the journal.",
    ),
    (
        "journal.replicas",
        Kind::Whole {
            default: 1,
            min: 1,
            max: 5,
            unit: "servers",
        },
        "On so many servers each event is kept; counts where the stream is made.",
    ),
    (
        "journal.lease_ms",
        Kind::Whole {
            default: 15_000,
            min: 100,
            max: DAY_MS,
            unit: "ms",
        },
        "On a shared journal, how long a Runner goes on answering for aliases without having heard of \
         it. Whoever moves an alias waits for each Runner to follow, and no longer than this for one \
         that is gone. Servers take up to ten seconds to agree on a new leader.",
    ),
    (
        "runner.serves_stale",
        Kind::Switch { default: false },
        "Answer for aliases when that time is over, too, with `Luthier-Stale: SECONDS`, instead of \
         503.",
    ),
];
