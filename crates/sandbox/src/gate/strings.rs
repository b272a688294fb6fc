//! What literals of text say.

use tree_sitter::Node;

use super::text::Text;

/// What the text of an expression shows of the string that it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// All of it.
    Whole(String),
    /// How it begins.
    Beginning(String),
    Nothing,
}

/// What an expression comes to, as far as it is written there.
pub(super) fn written(text: &Text<'_>, expression: Node<'_>) -> Written {
    let mut node = expression;
    let mut is_whole = true;
    loop {
        let inner = match node.kind() {
            "parenthesized_expression" => node.named_child(0),
            "binary_operator"
                if node
                    .child_by_field_name("operator")
                    .is_some_and(|it| it.kind() == "+") =>
            {
                is_whole = false;
                node.child_by_field_name("left")
            }
            "string" | "concatenated_string" => {
                return match literal(text, node) {
                    Written::Whole(whole) if !is_whole => Written::Beginning(whole),
                    other => other,
                };
            }
            _ => None,
        };
        let Some(inner) = inner else {
            return Written::Nothing;
        };
        node = inner;
    }
}

/// What is written between the quotation marks of a `string`, or of those in a `concatenated_string`.
fn literal(text: &Text<'_>, node: Node<'_>) -> Written {
    let mut whole = String::new();
    let mut cursor = node.walk();
    let parts: Vec<Node<'_>> = if node.kind() == "string" {
        vec![node]
    } else {
        node.named_children(&mut cursor)
            .filter(|part| part.kind() == "string")
            .collect()
    };
    for part in parts {
        let is_whole = read(text, part, |piece| match piece {
            Some(piece) => whole.push_str(&piece),
            None => whole.push(UNKNOWN),
        });
        if is_whole.is_none() || whole.contains(UNKNOWN) {
            whole.truncate(whole.find(UNKNOWN).unwrap_or(whole.len()));
            return Written::Beginning(whole);
        }
    }
    Written::Whole(whole)
}

/// Stands for what only running the code would show. Python refuses null bytes in its source, and a
/// name with an escaped one in it is no name.
const UNKNOWN: char = '\0';

/// All that is written in a literal, with [`UNKNOWN`] for what is computed: what `str.format` would be
/// given.
pub(super) fn template(text: &Text<'_>, node: Node<'_>) -> String {
    let mut whole = String::new();
    let mut push = |piece: Option<String>| match piece {
        Some(piece) => whole.push_str(&piece),
        None => whole.push(UNKNOWN),
    };
    if node.kind() == "string" {
        read(text, node, &mut push);
    } else {
        let mut cursor = node.walk();
        for part in node.named_children(&mut cursor) {
            read(text, part, &mut push);
        }
    }
    whole
}

/// Hands out the pieces of one literal: text, or nothing for what is computed. None if it is no text.
fn read(text: &Text<'_>, string: Node<'_>, mut push: impl FnMut(Option<String>)) -> Option<()> {
    let mut cursor = string.walk();
    let mut prefix = String::new();
    for part in string.named_children(&mut cursor) {
        match part.kind() {
            "string_start" => prefix = text.of(part).to_ascii_lowercase(),
            "string_content" => {
                let content = text.of(part);
                let content = if prefix.contains('f') {
                    content.replace("{{", "{").replace("}}", "}")
                } else {
                    content.to_owned()
                };
                push(Some(if prefix.contains('r') {
                    content
                } else {
                    unescaped(&content)
                }));
            }
            "interpolation" => push(None),
            _ => {}
        }
    }
    (!prefix.contains('b')).then_some(())
}

/// With the characters that escapes stand for. Those with names are [`UNKNOWN`].
fn unescaped(content: &str) -> String {
    let mut out = String::with_capacity(content.len());
    let mut rest = content;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let Some(kind) = escape.chars().next() else {
            return out;
        };
        let after = &escape[kind.len_utf8()..];
        let (digits_max, radix, from) = match kind {
            'x' => (2, 16, after),
            'u' => (4, 16, after),
            'U' => (8, 16, after),
            '0'..='7' => (3, 8, escape),
            'N' => {
                out.push(UNKNOWN);
                rest = after.split_once('}').map_or("", |(_, rest)| rest);
                continue;
            }
            _ => {
                match kind {
                    '\n' => {}
                    '\\' | '\'' | '"' => out.push(kind),
                    'n' | 't' | 'r' | 'a' | 'b' | 'f' | 'v' => out.push(' '),
                    other => out.extend(['\\', other]),
                }
                rest = after;
                continue;
            }
        };
        let length = from
            .bytes()
            .take(digits_max)
            .take_while(|byte| char::from(*byte).is_digit(radix))
            .count();
        let code = u32::from_str_radix(&from[..length], radix).ok();
        out.push(code.and_then(char::from_u32).unwrap_or(UNKNOWN));
        rest = &from[length..];
    }
    out.push_str(rest);
    out
}

/// The attributes that `str.format` would take for what stands in braces.
pub(super) fn format_attributes(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .map(|field| field.split(['}', '!', ':']).next().unwrap_or_default())
        .flat_map(|field| field.split(['.', '[', ']']).skip(1))
}
