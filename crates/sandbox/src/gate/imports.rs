//! Statements that import.

use tree_sitter::Node;

use super::{
    names::normal,
    policy::Why,
    refusal::Code,
    walk::{Frame, Walk},
};

/// A name that a statement imports.
struct Imported {
    /// As in the statement.
    name: String,
    alias: Option<String>,
    place: (u32, u32),
}

impl Walk<'_> {
    /// `import a.b, c as d`
    pub(super) fn import(&mut self, node: Node<'_>, frames: &[Frame<'_>]) {
        for imported in self.imported(node) {
            if let Err(why) = self.policy.import(&imported.name) {
                self.refuse_import(imported.place, &imported.name, &why);
                continue;
            }
            let top = imported
                .name
                .split('.')
                .next()
                .unwrap_or_default()
                .to_owned();
            let (bound, target) = match imported.alias {
                Some(alias) => (alias, imported.name),
                None => (top.clone(), top),
            };
            self.bind_import(&bound, &target, node, frames);
        }
    }

    /// `from a.b import c as d, e`
    pub(super) fn import_from(&mut self, node: Node<'_>, frames: &[Frame<'_>]) {
        let Some(from) = node.child_by_field_name("module_name") else {
            return;
        };
        let place = self.place(from);
        let module = if from.kind() == "relative_import" {
            match self.package(from) {
                Ok(module) => module,
                Err(reason) => {
                    let hint = "write `from lib import …` for what is in `tools/lib`";
                    return self.refuse(Code::RelativeImport, place, reason, hint);
                }
            }
        } else {
            self.dotted(from)
        };
        let names = self.imported(node);
        if names.is_empty() {
            // `*`
            if let Err(why) = self.policy.import(&module) {
                self.refuse_import(place, &module, &why);
            }
        }
        let mut is_told = false;
        for imported in names {
            let whole = format!("{module}.{}", imported.name);
            match self.policy.import(&whole) {
                Ok(()) => {
                    let bound = imported.alias.as_deref().unwrap_or(&imported.name);
                    self.bind_import(bound, &whole, node, frames);
                }
                // The module is what is refused, whatever is taken from it.
                Err(why) if why.entry.len() <= module.len() => {
                    if !is_told {
                        self.refuse_import(place, &module, &why);
                    }
                    is_told = true;
                }
                Err(why) => self.refuse_import(imported.place, &whole, &why),
            }
        }
    }

    fn refuse_import(&mut self, place: (u32, u32), name: &str, why: &Why) {
        self.refuse(
            Code::Import,
            place,
            format!("`{name}`: {}", why.reason),
            &why.hint,
        );
    }

    fn bind_import(&mut self, name: &str, target: &str, node: Node<'_>, frames: &[Frame<'_>]) {
        self.aliases.add(name, target);
        self.bind(name, node, frames);
    }

    fn imported(&self, statement: Node<'_>) -> Vec<Imported> {
        let mut cursor = statement.walk();
        statement
            .children_by_field_name("name", &mut cursor)
            .map(|node| {
                let name = node.child_by_field_name("name").unwrap_or(node);
                let alias = node.child_by_field_name("alias");
                Imported {
                    name: self.dotted(name),
                    alias: alias.map(|alias| normal(self.text.of(alias)).into_owned()),
                    place: self.place(node),
                }
            })
            .collect()
    }

    /// A `dotted_name`: there may be white space, comments and line breaks between its parts.
    fn dotted(&self, name: Node<'_>) -> String {
        let mut cursor = name.walk();
        let parts: Vec<_> = name
            .named_children(&mut cursor)
            .filter(|part| part.kind() == "identifier")
            .map(|part| normal(self.text.of(part)))
            .collect();
        parts.join(".")
    }

    /// What dots, and the name after them, stand for in this file.
    fn package(&self, relative: Node<'_>) -> Result<String, String> {
        let mut package: Vec<&str> = match self.file.strip_prefix("tools/") {
            Some(path) if path.starts_with("lib/") => path.split('/').collect(),
            _ => return Err("a module outside `tools/lib` belongs to no package".to_owned()),
        };
        package.pop();
        let mut cursor = relative.walk();
        let mut name = String::new();
        let mut level = 0;
        for part in relative.named_children(&mut cursor) {
            match part.kind() {
                "import_prefix" => level = self.text.of(part).matches('.').count(),
                "dotted_name" => name = format!(".{}", self.dotted(part)),
                _ => {}
            }
        }
        let depth = (package.len() + 1)
            .checked_sub(level)
            .filter(|depth| *depth > 0)
            .ok_or("it goes beyond `lib`, which is the outermost package")?;
        package.truncate(depth);
        Ok(package.join(".") + &name)
    }
}
