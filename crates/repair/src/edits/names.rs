//! Other names: of variables, functions, methods and attributes.

use tree_sitter::Node;

use super::{Class, Site, is_target, is_value};

/// Functions and methods that are taken for one another.
const FAMILIES: [&[&str]; 36] = [
    &["min", "max"],
    &["any", "all"],
    &["sum", "len", "max", "min"],
    &["sorted", "reversed", "list"],
    &["list", "tuple", "set", "sorted", "dict"],
    &["int", "float", "round", "str", "bool"],
    &["abs", "int", "round"],
    &["range", "enumerate", "len"],
    &["zip", "enumerate", "map", "filter"],
    &["isinstance", "issubclass"],
    &["ord", "chr"],
    &["divmod", "pow"],
    &[
        "lower",
        "upper",
        "casefold",
        "capitalize",
        "title",
        "swapcase",
    ],
    &["strip", "lstrip", "rstrip"],
    &["startswith", "endswith"],
    &["removeprefix", "removesuffix"],
    &["find", "rfind", "index", "rindex", "count"],
    &["split", "rsplit", "splitlines", "partition", "rpartition"],
    &["partition", "rpartition"],
    &["ljust", "rjust", "center", "zfill"],
    &[
        "isdigit",
        "isalpha",
        "isalnum",
        "isnumeric",
        "isdecimal",
        "isspace",
    ],
    &["islower", "isupper", "istitle"],
    &["append", "extend", "add", "insert", "appendleft"],
    &["extend", "extendleft", "update"],
    &["pop", "popleft", "remove", "popitem"],
    &["add", "discard", "remove", "update"],
    &["keys", "values", "items"],
    &["get", "pop", "setdefault"],
    &[
        "union",
        "intersection",
        "difference",
        "symmetric_difference",
    ],
    &["issubset", "issuperset", "isdisjoint"],
    &["floor", "ceil", "trunc"],
    &["match", "search", "fullmatch", "findall", "finditer"],
    &["bisect_left", "bisect_right", "bisect"],
    &["heappush", "heappop", "heappushpop", "heapreplace"],
    &["copy", "deepcopy"],
    &["encode", "decode"],
];

pub(super) fn add(site: &mut Site<'_>, node: Node<'_>) {
    match node.kind() {
        "identifier" => identifier(site, node),
        "attribute" => attribute(site, node),
        "keyword_argument" => keyword(site, node),
        _ => {}
    }
}

fn identifier(site: &mut Site<'_>, node: Node<'_>) {
    let parent = node.parent();
    if parent.is_some_and(|parent| parent.child_by_field_name("attribute") == Some(node)) {
        return;
    }
    let text = site.text(node);
    let is_called = parent.is_some_and(|parent| {
        parent.kind() == "call" && parent.child_by_field_name("function") == Some(node)
    });
    if is_target(node) {
        for other in &site.pool.locals {
            site.put(node, other.clone(), Class::Name, 1.7);
        }
        return;
    }
    if !is_value(node) || is_parameter(node) {
        return;
    }
    for other in family(text) {
        site.put(node, other, Class::Method, 1.2);
    }
    if is_called {
        for other in site.pool.functions.keys() {
            site.put(node, other.clone(), Class::Method, 1.6);
        }
        return;
    }
    let is_parameter = site.pool.parameters.iter().any(|name| name == text);
    for other in &site.pool.locals {
        let is_alike = site.pool.parameters.contains(other) == is_parameter;
        let is_far = !has_part_in_common(other, text);
        // What is bound and never read was meant somewhere.
        let is_idle = site.pool.unread.contains(other);
        let cost = 1.2 + if is_alike { 0.0 } else { 0.1 } + if is_far { 0.1 } else { 0.0 }
            - if is_idle { 0.4 } else { 0.0 };
        site.put(node, other.clone(), Class::Name, cost);
    }
    for other in &site.pool.globals {
        let is_constant = text.chars().any(char::is_uppercase);
        site.put(
            node,
            other.clone(),
            Class::Name,
            if is_constant { 1.3 } else { 2.2 },
        );
    }
    for other in &site.pool.fields {
        site.put(node, other.clone(), Class::Name, 1.9);
    }
}

fn has_part_in_common(one: &str, other: &str) -> bool {
    let mut parts = one.split('_').filter(|part| part.len() > 1);
    parts.any(|part| other.split('_').any(|mine| mine == part))
}

fn is_parameter(node: Node<'_>) -> bool {
    node.parent().is_some_and(|parent| {
        matches!(
            parent.kind(),
            "parameters" | "lambda_parameters" | "typed_parameter" | "keyword_separator"
        ) || matches!(
            parent.kind(),
            "default_parameter" | "typed_default_parameter"
        ) && parent.child_by_field_name("name") == Some(node)
    })
}

fn family(name: &str) -> Vec<&'static str> {
    let mut others: Vec<&str> = FAMILIES
        .iter()
        .filter(|family| family.contains(&name))
        .flat_map(|family| family.iter().copied())
        .filter(|other| *other != name)
        .collect();
    others.dedup();
    others
}

fn attribute(site: &mut Site<'_>, node: Node<'_>) {
    let (Some(object), Some(name)) = (
        node.child_by_field_name("object"),
        node.child_by_field_name("attribute"),
    ) else {
        return;
    };
    for other in family(site.text(name)) {
        site.put(name, other, Class::Method, 1.1);
    }
    let pool = site.pool;
    let own = pool.attributes.get(site.text(object));
    for other in own.into_iter().flatten() {
        site.put(name, other.clone(), Class::Name, 1.4);
    }
    for other in pool.attributes.values().flatten() {
        site.put(name, other.clone(), Class::Name, 2.2);
    }
}

/// The name of an argument, as the function that is called has it.
fn keyword(site: &mut Site<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else {
        return;
    };
    let text = site.text(name);
    for decoration in ["XX", "xx"] {
        let bare = text
            .strip_prefix(decoration)
            .and_then(|rest| rest.strip_suffix(decoration));
        let bare = bare.or_else(|| text.strip_suffix(decoration));
        if let Some(bare) = bare {
            site.put(name, bare, Class::Name, 0.6);
        }
    }
    let Some(function) = node
        .parent()
        .and_then(|list| list.parent())
        .and_then(|call| call.child_by_field_name("function"))
    else {
        return;
    };
    let parameters = site.pool.functions.get(site.text(function));
    for other in parameters.cloned().unwrap_or_default() {
        site.put(name, other, Class::Name, 1.5);
    }
}
