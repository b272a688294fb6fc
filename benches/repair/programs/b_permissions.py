"""Decide from role rules with wildcards whether a user may do something."""


def matches(pattern, action):
    """Compare dotted names; '*' is one part, a last '**' is any rest."""
    wanted = pattern.split(".")
    parts = action.split(".")
    for i, piece in enumerate(wanted):
        if piece == "**":
            return i == len(wanted) - 1
        if i >= len(parts):
            return False
        if piece != "*" and piece != parts[i]:
            return False
    return len(wanted) == len(parts)


def all_roles(names, parents):
    """Return the given roles and all they inherit, in order of discovery."""
    found = []
    waiting = list(names)
    while waiting:
        role = waiting.pop(0)
        if role in found:
            continue
        found.append(role)
        waiting.extend(parents.get(role, []))
    return found


def allowed(names, action, rules, parents):
    """A rule with '!' forbids, and one ban outweighs any permission."""
    permitted = False
    for role in all_roles(names, parents):
        for rule in rules.get(role, []):
            if rule.startswith("!"):
                if matches(rule[1:], action):
                    return False
            elif matches(rule, action):
                permitted = True
    return permitted
