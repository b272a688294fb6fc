"""Describe the difference of two nested settings as change lines."""


def flatten(value, prefix=""):
    """Yield (path, leaf) pairs; lists use [index], empty containers are leaves."""
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from flatten(value[key], f"{prefix}.{key}" if prefix else key)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from flatten(item, f"{prefix}[{index}]")
    else:
        yield prefix, value


def same(old, new, tolerance):
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, (int, float)) and isinstance(new, (int, float)):
        return abs(old - new) <= tolerance
    if isinstance(old, str) and isinstance(new, str):
        return old.split() == new.split()
    return old == new


def diff(old, new, tolerance=0):
    """Return lines '+path value', '-path value' and '~path old -> new'."""
    before = dict(flatten(old))
    after = dict(flatten(new))
    lines = []
    for path in sorted(before.keys() | after.keys()):
        if path not in after:
            lines.append(f"-{path} {before[path]}")
        elif path not in before:
            lines.append(f"+{path} {after[path]}")
        elif not same(before[path], after[path], tolerance):
            lines.append(f"~{path} {before[path]} -> {after[path]}")
    return lines
