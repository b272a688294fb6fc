//! The schemas of both sides, each sub-schema once, references resolved.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use serde_json::{Map, Value};

use super::{
    number::Number,
    plain,
    pointer::Pointer,
    rule::{Items, Members, NodeId, Rule, TypeSet},
};

/// How many sub-schemas are looked into. The others count as ones that nothing is known of.
const NODES_MAX: usize = 50_000;

/// How long the text may be that tells schemas apart; longer ones are only the same as themselves.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// The drafts whose keywords are known, as `$schema` names them.
const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Which document a schema stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Origin {
    Old,
    New,
    /// It was made on the way.
    Made,
}

/// A schema whose references are resolved.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) pointer: Pointer,
    pub(crate) rules: Vec<(&'static str, Rule)>,
    /// Nodes with one text mean the same.
    pub(crate) text: Option<Rc<str>>,
}

/// Where the parsed schemas are.
pub(crate) struct Pool {
    documents: [Document; 2],
    nodes: Vec<Rc<Node>>,
    known: HashMap<(Origin, Pointer), NodeId>,
    made: Vec<Value>,
    made_known: HashMap<String, NodeId>,
    /// What is referred to and not parsed yet.
    unparsed: Vec<(NodeId, Origin, Pointer)>,
}

struct Document {
    value: Value,
    /// Is it a schema of a draft that is known here?
    is_known: bool,
    /// Does a reference mean what it says, with no other base below the root?
    is_plain: bool,
    anchors: HashMap<String, Pointer>,
}

impl Document {
    fn new(value: &Value) -> Self {
        let draft = value.get("$schema").and_then(Value::as_str);
        let mut anchors = HashMap::new();
        let mut is_plain = true;
        plain::walk(value, &Pointer::root(), &mut |schema, pointer| {
            if let Some(Value::String(anchor)) = schema.get("$anchor") {
                is_plain &= anchors.insert(anchor.clone(), pointer.clone()).is_none();
            }
            is_plain &= pointer.is_root() || !schema.contains_key("$id");
        });
        Self {
            value: value.clone(),
            is_known: draft.is_none_or(|draft| draft.trim_end_matches('#') == DRAFT),
            is_plain,
            anchors,
        }
    }

    /// What a reference leads to, if it stays in the document.
    fn target(&self, reference: &str) -> Option<Pointer> {
        let fragment = reference.strip_prefix('#').filter(|_| self.is_plain)?;
        if fragment.is_empty() || fragment.starts_with('/') {
            let pointer = Pointer::of_fragment(fragment)?;
            return self.value.pointer(pointer.as_str()).map(|_| pointer);
        }
        self.anchors.get(fragment).cloned()
    }
}

impl Pool {
    pub(crate) fn new(old: &Value, new: &Value) -> Self {
        Self {
            documents: [Document::new(old), Document::new(new)],
            nodes: Vec::new(),
            known: HashMap::new(),
            made: Vec::new(),
            made_known: HashMap::new(),
            unparsed: Vec::new(),
        }
    }

    /// The document's schema as a whole.
    pub(crate) fn root(&mut self, origin: Origin) -> NodeId {
        let root = self.node_at(origin, Pointer::root());
        self.parse_all();
        root
    }

    /// A schema that nobody wrote.
    pub(crate) fn make(&mut self, schema: Value) -> NodeId {
        let text = schema.to_string();
        if let Some(node) = self.made_known.get(&text) {
            return *node;
        }
        let pointer = Pointer::root().child(&self.made.len().to_string());
        self.made.push(schema);
        let node = self.node_at(Origin::Made, pointer);
        self.parse_all();
        self.made_known.insert(text, node);
        node
    }

    /// All schemas that were parsed so far.
    pub(crate) fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0_u32..).take(self.nodes.len()).map(NodeId)
    }

    pub(crate) fn get(&self, node: NodeId) -> Rc<Node> {
        self.nodes[node.0 as usize].clone()
    }

    /// The schema as it is written.
    pub(crate) fn value(&self, origin: Origin, pointer: &Pointer) -> &Value {
        let found = match origin {
            Origin::Old => self.documents[0].value.pointer(pointer.as_str()),
            Origin::New => self.documents[1].value.pointer(pointer.as_str()),
            Origin::Made => {
                let index = pointer.as_str().trim_start_matches('/').parse();
                index.ok().and_then(|index: usize| self.made.get(index))
            }
        };
        found.unwrap_or(&Value::Bool(true))
    }

    fn document(&self, origin: Origin) -> Option<&Document> {
        match origin {
            Origin::Old => Some(&self.documents[0]),
            Origin::New => Some(&self.documents[1]),
            Origin::Made => None,
        }
    }

    fn node_at(&mut self, origin: Origin, pointer: Pointer) -> NodeId {
        if let Some(node) = self.known.get(&(origin, pointer.clone())) {
            return *node;
        }
        let id = u32::try_from(self.nodes.len()).expect("NODES_MAX is far smaller");
        let node = NodeId(id);
        // Until it is parsed, and if it never is, nothing is known of it.
        self.nodes.push(Rc::new(Node {
            origin,
            pointer: pointer.clone(),
            rules: vec![("", Rule::Unknown)],
            text: None,
        }));
        self.known.insert((origin, pointer.clone()), node);
        if self.nodes.len() < NODES_MAX {
            self.unparsed.push((node, origin, pointer));
        }
        node
    }

    fn parse_all(&mut self) {
        while let Some((node, origin, pointer)) = self.unparsed.pop() {
            let value = self.value(origin, &pointer).clone();
            let is_known = self
                .document(origin)
                .is_none_or(|document| document.is_known);
            let rules = match &value {
                _ if !is_known => vec![("", Rule::Unknown)],
                Value::Bool(true) => Vec::new(),
                Value::Object(schema) => self.rules(origin, &pointer, schema),
                Value::Bool(false) => vec![("", Rule::Never)],
                _ => vec![("", Rule::Unknown)],
            };
            let text = self.text(origin, &value);
            self.nodes[node.0 as usize] = Rc::new(Node {
                origin,
                pointer,
                rules,
                text,
            });
        }
    }

    fn rules(
        &mut self,
        origin: Origin,
        pointer: &Pointer,
        schema: &Map<String, Value>,
    ) -> Vec<(&'static str, Rule)> {
        let mut rules = plain_rules(schema);
        let mut reader = Reader {
            pool: self,
            origin,
            pointer,
            schema,
        };
        reader.composed(&mut rules);
        rules
    }

    /// The schema without what only explains it, with all that it refers to.
    fn text(&self, origin: Origin, value: &Value) -> Option<Rc<str>> {
        let mut referred = BTreeMap::new();
        let own = plain::without_annotations(value);
        let mut open = vec![own.clone()];
        let mut bytes = 0;
        while let Some(schema) = open.pop() {
            bytes += schema.to_string().len();
            if bytes > TEXT_BYTES_MAX {
                return None;
            }
            let mut references = Vec::new();
            if !plain::references(&schema, &mut references) {
                return None;
            }
            for reference in references {
                if referred.contains_key(&reference) {
                    continue;
                }
                let target = self.document(origin)?.target(&reference)?;
                let target = plain::without_annotations(self.value(origin, &target));
                referred.insert(reference, target.clone());
                open.push(target);
            }
        }
        if referred.is_empty() {
            return Some(own.to_string().into());
        }
        let referred: Map<String, Value> = referred.into_iter().collect();
        Some(format!("{own} where {}", Value::Object(referred)).into())
    }
}

/// What a schema that is put together consists of.
struct Reader<'a> {
    pool: &'a mut Pool,
    origin: Origin,
    pointer: &'a Pointer,
    schema: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn composed(&mut self, rules: &mut Vec<(&'static str, Rule)>) {
        self.members(rules);
        if let Some(node) = self.find("propertyNames") {
            rules.push(("propertyNames", Rule::Names(node)));
        }
        if let Some(Value::Object(given)) = self.schema.get("dependentSchemas") {
            for name in given.keys() {
                let node = self.below(&["dependentSchemas", name]);
                let rule = Rule::SchemaWith(name.as_str().into(), node);
                rules.push(("dependentSchemas", rule));
            }
        }
        self.items(rules);
        self.combined(rules);
        for keyword in [
            "$dynamicRef",
            "$recursiveRef",
            "dependencies",
            "additionalItems",
        ] {
            if self.schema.contains_key(keyword) {
                rules.push((keyword, Rule::Unknown));
            }
        }
        self.unevaluated(rules);
    }

    fn members(&mut self, rules: &mut Vec<(&'static str, Rule)>) {
        let keywords = ["properties", "patternProperties", "additionalProperties"];
        let Some(keyword) = keywords
            .into_iter()
            .find(|keyword| self.schema.contains_key(*keyword))
        else {
            return;
        };
        let members = Members {
            names: self.named("properties").collect(),
            patterns: self
                .named("patternProperties")
                .map(|(pattern, nodes)| (pattern, nodes[0]))
                .collect(),
            rest: self.find("additionalProperties"),
        };
        rules.push((keyword, Rule::Members(Rc::new(members))));
    }

    fn named(&mut self, keyword: &'static str) -> impl Iterator<Item = (Rc<str>, Vec<NodeId>)> {
        let given = self.schema.get(keyword).and_then(Value::as_object);
        let names = given.into_iter().flat_map(Map::keys);
        let nodes: Vec<_> = names
            .map(|name| (name.as_str().into(), vec![self.below(&[keyword, name])]))
            .collect();
        nodes.into_iter()
    }

    fn items(&mut self, rules: &mut Vec<(&'static str, Rule)>) {
        let prefix = self.listed("prefixItems");
        let rest = self.find("items");
        if !prefix.is_empty() || rest.is_some() {
            let keyword = if rest.is_some() {
                "items"
            } else {
                "prefixItems"
            };
            let items = Items {
                prefix: prefix.into_iter().map(NodeId::holds).collect(),
                rest: rest.map(NodeId::holds),
            };
            rules.push((keyword, Rule::Items(Rc::new(items))));
        }
        if let Some(node) = self.find("contains") {
            let min = count(self.schema.get("minContains")).unwrap_or(1);
            let max = count(self.schema.get("maxContains"));
            rules.push(("contains", Rule::Contains { node, min, max }));
        }
    }

    fn combined(&mut self, rules: &mut Vec<(&'static str, Rule)>) {
        let all = self.listed("allOf");
        if !all.is_empty() {
            rules.push(("allOf", Rule::AllOf(all)));
        }
        let any = self.listed("anyOf");
        if !any.is_empty() {
            rules.push(("anyOf", Rule::AnyOf(any)));
        }
        let one = self.listed("oneOf");
        if !one.is_empty() {
            rules.push(("oneOf", Rule::OneOf(one)));
        }
        if let Some(node) = self.find("not") {
            rules.push(("not", Rule::Not(node)));
        }
        if let Some(condition) = self.find("if") {
            let (then, otherwise) = (self.find("then"), self.find("else"));
            let rule = Rule::If {
                condition,
                then,
                otherwise,
            };
            rules.push(("if", rule));
        }
        if let Some(reference) = self.schema.get("$ref") {
            let document = self.pool.document(self.origin);
            let target = reference
                .as_str()
                .zip(document)
                .and_then(|(reference, document)| document.target(reference));
            let rule = target.map_or(Rule::Unknown, |target| {
                Rule::Ref(self.pool.node_at(self.origin, target))
            });
            rules.push(("$ref", rule));
        }
    }

    /// `unevaluatedProperties` means what `additionalProperties` does where nothing beside it in
    /// the schema looks at members in another way; else nothing is concluded from it.
    fn unevaluated(&mut self, rules: &mut Vec<(&'static str, Rule)>) {
        const ELSEWHERE: [&str; 10] = [
            "allOf",
            "anyOf",
            "oneOf",
            "not",
            "if",
            "$ref",
            "$dynamicRef",
            "$recursiveRef",
            "dependentSchemas",
            "dependencies",
        ];
        let is_alone = !ELSEWHERE
            .iter()
            .any(|keyword| self.schema.contains_key(*keyword));
        if self.schema.contains_key("unevaluatedProperties") {
            let rule = if self.schema.contains_key("additionalProperties") && is_alone {
                None
            } else if is_alone {
                Some(Rule::Members(Rc::new(Members {
                    names: self
                        .named("properties")
                        .map(|(name, _)| (name, Vec::new()))
                        .collect(),
                    patterns: self.anything_matching(),
                    rest: self.find("unevaluatedProperties"),
                })))
            } else {
                Some(Rule::Unknown)
            };
            rules.extend(rule.map(|rule| ("unevaluatedProperties", rule)));
        }
        if self.schema.contains_key("unevaluatedItems") {
            // Where `items` stands every item is evaluated.
            if !(is_alone && self.schema.contains_key("items")) {
                rules.push(("unevaluatedItems", Rule::Unknown));
            }
        }
    }

    fn anything_matching(&mut self) -> Vec<(Rc<str>, NodeId)> {
        let patterns: Vec<_> = self.named("patternProperties").collect();
        let patterns = patterns.into_iter();
        patterns
            .map(|(pattern, nodes)| (pattern, nodes[0]))
            .collect()
    }

    fn find(&mut self, keyword: &str) -> Option<NodeId> {
        let is_there = self.schema.contains_key(keyword);
        is_there.then(|| self.below(&[keyword]))
    }

    fn listed(&mut self, keyword: &str) -> Vec<NodeId> {
        let list = self.schema.get(keyword).and_then(Value::as_array);
        let indices = 0..list.map_or(0, Vec::len);
        indices
            .map(|index| self.below(&[keyword, &index.to_string()]))
            .collect()
    }

    fn below(&mut self, path: &[&str]) -> NodeId {
        let pointer = path
            .iter()
            .fold(self.pointer.clone(), |pointer, key| pointer.child(key));
        self.pool.node_at(self.origin, pointer)
    }
}

/// What a keyword means that holds a count.
type Counted = fn(u64) -> Rule;

/// The keywords that hold no schema.
fn plain_rules(schema: &Map<String, Value>) -> Vec<(&'static str, Rule)> {
    /// Validators may take them as remarks; the tools that read the text do not.
    const MARKS: [&str; 3] = ["format", "contentEncoding", "contentMediaType"];
    let mut rules = Vec::new();
    if let Some(types) = schema.get("type") {
        rules.push(("type", types_of(types).map_or(Rule::Unknown, Rule::Types)));
    }
    if let Some(value) = schema.get("const") {
        rules.push(("const", Rule::Values(Rc::new(vec![value.clone()]))));
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        rules.push(("enum", Rule::Values(Rc::new(values.clone()))));
    }
    let number = |keyword| match schema.get(keyword) {
        Some(Value::Number(number)) => Some(Number::of(number)),
        _ => None,
    };
    let least = |bound, is_open| Rule::Least { bound, is_open };
    let most = |bound, is_open| Rule::Most { bound, is_open };
    rules.extend(number("minimum").map(|bound| ("minimum", least(bound, false))));
    rules.extend(number("exclusiveMinimum").map(|bound| ("exclusiveMinimum", least(bound, true))));
    rules.extend(number("maximum").map(|bound| ("maximum", most(bound, false))));
    rules.extend(number("exclusiveMaximum").map(|bound| ("exclusiveMaximum", most(bound, true))));
    rules.extend(number("multipleOf").map(|of| ("multipleOf", Rule::Multiple(of))));
    let counted: [(&'static str, Counted); 6] = [
        ("minLength", Rule::LengthMin),
        ("maxLength", Rule::LengthMax),
        ("minItems", Rule::ItemsMin),
        ("maxItems", Rule::ItemsMax),
        ("minProperties", Rule::MembersMin),
        ("maxProperties", Rule::MembersMax),
    ];
    for (keyword, rule) in counted {
        rules.extend(count(schema.get(keyword)).map(|count| (keyword, rule(count))));
    }
    if let Some(Value::String(pattern)) = schema.get("pattern") {
        rules.push(("pattern", Rule::Pattern(pattern.as_str().into())));
    }
    for keyword in MARKS {
        if let Some(value) = schema.get(keyword) {
            rules.push((keyword, Rule::Mark(format!("{keyword}: {value}").into())));
        }
    }
    if schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        rules.push(("uniqueItems", Rule::Unique));
    }
    if let Some(names) = schema.get("required").and_then(texts) {
        rules.push(("required", Rule::Required(names)));
    }
    if let Some(Value::Object(given)) = schema.get("dependentRequired") {
        for (name, others) in given {
            let others = texts(others).unwrap_or_default();
            let rule = Rule::RequiredWith(name.as_str().into(), others);
            rules.push(("dependentRequired", rule));
        }
    }
    rules
}

fn texts(value: &Value) -> Option<Vec<Rc<str>>> {
    let names = value.as_array()?.iter().filter_map(Value::as_str);
    Some(names.map(Rc::from).collect())
}

fn types_of(value: &Value) -> Option<TypeSet> {
    match value {
        Value::String(name) => TypeSet::named(name),
        Value::Array(names) => names.iter().try_fold(TypeSet::NONE, |types, name| {
            Some(types.or(TypeSet::named(name.as_str()?)?))
        }),
        _ => None,
    }
}

/// A count may be written as `2.0`.
fn count(value: Option<&Value>) -> Option<u64> {
    let Value::Number(number) = value? else {
        return None;
    };
    match Number::of(number) {
        Number::Whole(whole) => u64::try_from(whole).ok(),
        Number::Real(_) => None,
    }
}
