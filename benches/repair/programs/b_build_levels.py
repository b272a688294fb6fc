"""Group tasks in levels so that each level needs only earlier ones."""


def all_names(needs):
    names = set(needs)
    for wanted in needs.values():
        names.update(wanted)
    return names


def levels(needs):
    """Return sorted levels of tasks; a circle of needs is an error."""
    remaining = {name: set(needs.get(name, [])) for name in all_names(needs)}
    result = []
    while remaining:
        ready = sorted(name for name, wanted in remaining.items() if not wanted)
        if not ready:
            raise ValueError("circle among " + ", ".join(sorted(remaining)))
        result.append(ready)
        for name in ready:
            del remaining[name]
        for wanted in remaining.values():
            wanted.difference_update(ready)
    return result


def needed_by(needs, target):
    """List everything that has to be done again when the target changes."""
    affected = set()
    changed = True
    while changed:
        changed = False
        for name, wanted in needs.items():
            if name in affected:
                continue
            if target in wanted or affected.intersection(wanted):
                affected.add(name)
                changed = True
    return sorted(affected)
