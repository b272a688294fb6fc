//! What an identifier does where it stands.

use super::walk::Frame;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is read.
    Read,
    /// It is given a value.
    Bind,
    /// It is given a value by `:=`.
    BindOutside,
    /// It names an attribute of what stands before it.
    Attribute,
    /// It is declared to be the module's.
    Global,
    Delete,
    /// It is a keyword of a call, or belongs to something that is looked at as a whole.
    Label,
}

/// The role of an identifier: `frames` are what it stands in, outermost first, `field` is its place in
/// the last of them, and `position` how many named nodes stand before it there.
pub(super) fn role(frames: &[Frame<'_>], field: Option<&str>, position: usize) -> Role {
    let Some(parent) = frames.last() else {
        return Role::Read;
    };
    match (parent.kind, field) {
        ("attribute", Some("attribute"))
        | ("keyword_argument", Some("name"))
        | ("nonlocal_statement", _) => Role::Label,
        ("function_definition" | "class_definition", Some("name")) => Role::Bind,
        ("default_parameter" | "typed_default_parameter", Some("name")) => Role::Bind,
        (
            "parameters" | "lambda_parameters" | "typed_parameter" | "dictionary_splat_pattern",
            _,
        ) => Role::Bind,
        ("named_expression", Some("name")) => Role::BindOutside,
        ("global_statement", _) => Role::Global,
        ("delete_statement", _) => Role::Delete,
        ("expression_list", _) if kind(frames, 1) == Some("delete_statement") => Role::Delete,
        ("member_type", _) if position > 0 => Role::Attribute,
        ("keyword_pattern", _) if position == 0 => Role::Attribute,
        ("dotted_name", _) => in_pattern(frames, position),
        ("splat_pattern", _) => Role::Bind,
        ("as_pattern", _) if kind(frames, 1) == Some("case_pattern") => Role::Bind,
        _ if is_target(frames, field) => Role::Bind,
        _ => Role::Read,
    }
}

/// In a `case`: one name alone takes what is there, names with dots between are read.
fn in_pattern(frames: &[Frame<'_>], position: usize) -> Role {
    let is_alone = frames
        .last()
        .is_some_and(|name| name.node.named_child_count() == 1);
    match (position, kind(frames, 1)) {
        (1.., _) => Role::Attribute,
        (0, Some("class_pattern")) => Role::Read,
        (0, _) if is_alone => Role::Bind,
        (0, _) => Role::Read,
    }
}

/// Does it stand on the left of `=`, behind `for` or behind `as`, perhaps among others?
fn is_target(frames: &[Frame<'_>], field: Option<&str>) -> bool {
    let mut field = field;
    for frame in frames.iter().rev() {
        match frame.kind {
            "as_pattern_target" => return true,
            "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" => {
                return field == Some("left");
            }
            "pattern_list"
            | "tuple_pattern"
            | "list_pattern"
            | "list_splat_pattern"
            | "tuple"
            | "list"
            | "list_splat"
            | "parenthesized_expression" => field = frame.field,
            // `*args`, in which the splat is passed on the way.
            "parameters" | "lambda_parameters" | "typed_parameter" => return true,
            _ => return false,
        }
    }
    false
}

fn kind<'a>(frames: &'a [Frame<'_>], above: usize) -> Option<&'a str> {
    let index = frames.len().checked_sub(above + 1)?;
    Some(frames[index].kind)
}
