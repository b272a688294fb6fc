//! Code that is tried before anybody decides to release it.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use model::{Digest, LineageName};
use repo::FileSet;
use semver::Version;

use crate::{
    offer::{self, Offer},
    runner::{Runner, ServeError},
    versions::{Kept, Source, View, Wanted},
};

/// The state of code that nobody calls.
const NO_STATE: &[u8] = b"{}";

/// Code that every worker has loaded. While this is held, serving it loads nothing.
#[derive(Clone)]
pub struct Trial {
    offer: Arc<Offer>,
}

impl Runner {
    /// Loads code as it would be served as `version`, beside what is served. A failure has changed
    /// nothing for anybody.
    pub async fn try_out(&self, version: &Version, files: FileSet) -> Result<Trial, ServeError> {
        let wanted = Wanted {
            lineage: LineageName::default(),
            version: version.clone(),
            commit: None,
            code: Source::Files(Arc::new(files)),
            state: Kept {
                revision: 0,
                hash: Digest::of(NO_STATE),
                json: Bytes::from_static(NO_STATE),
            },
        };
        let offer = self.inner.try_load(&wanted).await?;
        self.inner.catalogue(&offer, &View::Active)?;
        Ok(Trial { offer })
    }
}

impl Trial {
    /// Its tools, and a hash of what clients are told of each.
    pub fn tools(&self) -> BTreeMap<String, Digest> {
        let tools = self.offer.tools.iter();
        let told = tools.map(|(name, facts)| {
            let listed = serde_json::to_value(offer::listed_tool(facts));
            let listed = listed.expect("what clients are told is plain data");
            (name.clone(), Digest::of_json(&listed))
        });
        told.collect()
    }

    /// The arguments that a tool cannot do without.
    pub fn required_arguments(&self, tool: &str) -> Vec<String> {
        let facts = self.offer.tools.get(tool);
        facts.map_or_else(Vec::new, |facts| facts.required_arguments())
    }
}
