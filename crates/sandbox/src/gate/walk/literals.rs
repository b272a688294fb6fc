//! Literals of text, which may say what is refused, or be code.

use tree_sitter::Node;

use super::{Frame, Walk};
use crate::gate::{refusal::Code, strings, text::Text};

impl Walk<'_> {
    pub(super) fn string(&mut self, node: Node<'_>, frames: &[Frame<'_>], is_type: bool) {
        if frames
            .last()
            .is_some_and(|parent| parent.kind == "concatenated_string")
        {
            return;
        }
        let source = self.text.of(node);
        if source.contains('{') || source.contains('\\') {
            let template = strings::template(self.text, node);
            for name in strings::format_attributes(&template) {
                if let Err(why) = self.policy.attribute(name, None) {
                    let reason = format!("`{name}` in a text for `str.format`: {}", why.reason);
                    self.refuse(Code::FormatString, self.place(node), reason, &why.hint);
                }
            }
        }
        if is_type && self.quoted.is_none() {
            self.quoted_type(node);
        }
    }

    /// A type that is written as text is code, as whoever asks for the types of a function runs it.
    fn quoted_type(&mut self, node: Node<'_>) {
        let strings::Written::Whole(code) = strings::written(self.text, node) else {
            return;
        };
        // Within brackets, as Python reads it: line breaks and indents mean nothing there.
        let code = format!("({code})");
        let Some(tree) = self.parser.find(&code) else {
            return;
        };
        let text = Text::plain(&code);
        let mut walk = Walk::new(
            self.file,
            &text,
            self.policy,
            &mut *self.parser,
            &mut *self.refusals,
        );
        walk.quoted = Some(self.text.place(node));
        walk.module(&tree);
    }
}

/// Is a text here read as a type? One in `Literal[…]` is not, nor are notes in `Annotated[…]`, nor
/// what functions are called with.
pub(super) fn is_type_here(
    frames: &[Frame<'_>],
    field: Option<&str>,
    kind: &str,
    position: usize,
    text: &Text<'_>,
) -> bool {
    let Some(parent) = frames.last() else {
        return false;
    };
    let begins = matches!(
        (parent.kind, field),
        (
            "typed_parameter" | "typed_default_parameter" | "assignment",
            Some("type")
        ) | ("function_definition", Some("return_type"))
    );
    if begins {
        return true;
    }
    if !parent.is_type || matches!(kind, "call" | "dictionary") {
        return false;
    }
    // `a[b]` is a `generic_type` with a `type_parameter` if `a` is a name, else a `subscript`.
    let (head, index) = match (parent.kind, frames.iter().rev().nth(1)) {
        ("type_parameter", Some(generic)) => (generic.node.named_child(0), position),
        ("subscript", _) if position > 0 => {
            (parent.node.child_by_field_name("value"), position - 1)
        }
        _ => return true,
    };
    let head = head.map(|head| text.of(head)).unwrap_or_default();
    let name = head.rsplit('.').next().unwrap_or_default().trim();
    name != "Literal" && (name != "Annotated" || index == 0)
}
