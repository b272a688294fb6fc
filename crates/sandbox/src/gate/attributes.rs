//! Which attributes lead into the interpreter.

/// Why an attribute is refused, and what to write instead. `next` is the attribute that is taken of it
/// at once: the class of a thing may be asked for its name.
pub(super) fn refused(name: &str, next: Option<&str>) -> Option<(&'static str, &'static str)> {
    if FRAMES.contains(&name) {
        return Some(("it leads into frames and code that run", ""));
    }
    if !is_dunder(name) || ORDINARY.contains(&name) {
        return None;
    }
    match (name, next) {
        ("__class__", Some(next)) if NAMING.contains(&next) => None,
        ("__class__", _) => Some((
            "it leads into the interpreter",
            "`type(x)` is the class of x",
        )),
        ("__dict__", _) => Some((
            "it leads into the interpreter",
            "`dataclasses.asdict`, or the attributes by their names",
        )),
        _ => Some(("it leads into the interpreter", "")),
    }
}

/// Does the name of an attribute that is refused begin so? Dunders are not asked for here.
pub(super) fn refused_begins(beginning: &str) -> bool {
    FRAMES.iter().any(|name| name.starts_with(beginning))
}

/// Does Python itself give the name its meaning?
pub(super) fn is_dunder(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

/// Those that take an attribute by its name, and can be called: what they are called with is looked at.
pub(super) fn takes_attribute(name: &str) -> bool {
    matches!(
        name,
        "__getattribute__" | "__getattr__" | "__setattr__" | "__delattr__"
    )
}

const NAMING: &[&str] = &["__name__", "__qualname__", "__doc__", "__module__"];

/// What generators, coroutines, tracebacks, frames and functions show of what runs.
#[rustfmt::skip]
const FRAMES: &[&str] = &[
    "ag_code", "ag_frame", "co_code", "co_consts", "cr_code", "cr_frame", "cr_origin", "f_back",
    "f_builtins", "f_code", "f_globals", "f_locals", "f_trace", "func_code", "func_globals", "gi_code",
    "gi_frame", "tb_frame",
];

/// Dunders that are what they seem: operators, protocols, names and notes. All others are refused.
#[rustfmt::skip]
const ORDINARY: &[&str] = &[
    // making things
    "__new__", "__init__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__",
    "__call__",
    // names and notes
    "__name__", "__qualname__", "__doc__", "__module__", "__version__", "__author__", "__all__",
    "__notes__", "__cause__", "__context__", "__suppress_context__",
    // text and numbers
    "__str__", "__repr__", "__bytes__", "__format__", "__hash__", "__bool__", "__int__", "__float__",
    "__complex__", "__index__", "__round__", "__trunc__", "__floor__", "__ceil__",
    // comparing and computing
    "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__",
    "__add__", "__sub__", "__mul__", "__matmul__", "__truediv__", "__floordiv__", "__mod__", "__divmod__",
    "__pow__", "__lshift__", "__rshift__", "__and__", "__xor__", "__or__",
    "__radd__", "__rsub__", "__rmul__", "__rmatmul__", "__rtruediv__", "__rfloordiv__", "__rmod__",
    "__rdivmod__", "__rpow__", "__rlshift__", "__rrshift__", "__rand__", "__rxor__", "__ror__",
    "__iadd__", "__isub__", "__imul__", "__imatmul__", "__itruediv__", "__ifloordiv__", "__imod__",
    "__ipow__", "__ilshift__", "__irshift__", "__iand__", "__ixor__", "__ior__",
    "__neg__", "__pos__", "__abs__", "__invert__",
    // containers
    "__len__", "__length_hint__", "__getitem__", "__setitem__", "__delitem__", "__missing__",
    "__contains__", "__iter__", "__next__", "__reversed__", "__copy__", "__deepcopy__",
    // protocols
    "__enter__", "__exit__", "__aenter__", "__aexit__", "__aiter__", "__anext__", "__await__",
    "__get__", "__set__", "__delete__", "__fspath__",
    "__getattribute__", "__getattr__", "__setattr__", "__delattr__",
    // typing, dataclasses and enums
    "__annotations__", "__args__", "__origin__", "__metadata__", "__parameters__", "__supertype__",
    "__bound__", "__constraints__", "__total__", "__required_keys__", "__optional_keys__",
    "__dataclass_fields__", "__match_args__", "__slots__", "__members__",
    // arrays
    "__array__", "__array_ufunc__", "__array_function__", "__array_priority__",
];
