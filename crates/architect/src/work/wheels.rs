//! The packages that a candidate adds, looked up before anything installs them.

use super::{Halt, Work, planning::name_of, proving::chain};
use crate::{
    tree::{Files, WHEELS},
    wheels::{Vetted, added},
};

/// What somebody who approves of packages wants to read.
const ARTEFACT: &str = "wheels.json";

/// What is known of the packages that a candidate adds.
#[derive(Default)]
pub(super) struct Packages {
    new: Vec<Vetted>,
    /// What speaks against any of them.
    pub(super) refused: Vec<String>,
}

impl Packages {
    /// What they are, for whoever is asked to approve of them.
    pub(super) fn told(&self) -> Option<String> {
        let one = |vetted: &Vetted| {
            let licence = vetted.licence.as_deref().unwrap_or("no known licence");
            format!("{} {} ({licence})", vetted.name, vetted.version)
        };
        let all: Vec<String> = self.new.iter().map(one).collect();
        (!all.is_empty()).then(|| format!("it adds {}", all.join(", ")))
    }
}

impl Work {
    /// Looks up what `files` declare and `base` does not. An index is asked once for the same.
    pub(super) async fn vet(&self, base: &Files, files: &Files) -> Result<Packages, Halt> {
        let [before, now] = [base, files].map(|files| files.get(WHEELS).map(|text| &text[..]));
        if before == now {
            return Ok(Packages::default());
        }
        let wheels = match added(before, now) {
            Ok(wheels) if wheels.is_empty() => return Ok(Packages::default()),
            Ok(wheels) => wheels,
            Err(error) => {
                return Ok(Packages {
                    refused: vec![error.to_string()],
                    ..Packages::default()
                });
            }
        };
        let asked = serde_json::to_string(&wheels);
        let asked = asked.map_err(|error| Halt::Failed(error.to_string()))?;
        let look_up = async {
            let vetted = self.inner.parts.bench.vet(&wheels).await;
            vetted.map_err(|error| Halt::Failed(chain(&error)))
        };
        let name = format!("wheels-{}", name_of(&asked));
        let new: Vec<Vetted> = self.once(&name, look_up).await?;
        let pretty = serde_json::to_vec_pretty(&new);
        let pretty = pretty.map_err(|error| Halt::Failed(error.to_string()))?;
        self.artefact(ARTEFACT, "application/json", pretty).await?;
        let refused = new.iter().flat_map(|vetted| vetted.refused.clone());
        Ok(Packages {
            refused: refused.collect(),
            new,
        })
    }
}
