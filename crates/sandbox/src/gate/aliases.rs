//! What the names that imports bind stand for.

use std::collections::BTreeMap;

/// By name in the module, all that it may stand for: an import in one function is taken for one in
/// all, and a name that is imported twice for both.
#[derive(Default)]
pub(super) struct Aliases(BTreeMap<String, Vec<String>>);

impl Aliases {
    pub(super) fn add(&mut self, name: &str, dotted: &str) {
        let targets = self.0.entry(name.to_owned()).or_default();
        if !targets.iter().any(|target| target == dotted) {
            targets.push(dotted.to_owned());
        }
    }

    /// What a name followed by attributes may be, as imports name it.
    pub(super) fn resolve<'a>(
        &'a self,
        name: &str,
        attributes: &'a str,
    ) -> impl Iterator<Item = String> + 'a {
        self.0.get(name).into_iter().flatten().map(move |target| {
            if attributes.is_empty() {
                target.clone()
            } else {
                format!("{target}.{attributes}")
            }
        })
    }
}
