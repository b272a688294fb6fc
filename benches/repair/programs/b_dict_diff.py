"""Describe the changes between two nested settings, and replay them."""


def diff(old, new, path=()):
    """List [kind, path, value] changes sorted by key, deepest names dotted."""
    changes = []
    for key in sorted(set(old) | set(new)):
        here = path + (key,)
        name = ".".join(here)
        if key not in new:
            changes.append(["removed", name, old[key]])
        elif key not in old:
            changes.append(["added", name, new[key]])
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            changes.extend(diff(old[key], new[key], here))
        elif old[key] != new[key]:
            changes.append(["changed", name, new[key]])
    return changes


def clone(tree):
    return {key: clone(value) if isinstance(value, dict) else value for key, value in tree.items()}


def patch(old, changes):
    """Apply a list of changes and return the new settings."""
    result = clone(old)
    for kind, name, value in changes:
        *parents, last = name.split(".")
        spot = result
        for parent in parents:
            spot = spot.get(parent)
            if not isinstance(spot, dict):
                raise KeyError(name)
        if kind == "removed":
            if last not in spot:
                raise KeyError(name)
            del spot[last]
        else:
            spot[last] = value
    return result
