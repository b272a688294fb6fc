"""Match file paths against patterns with *, ?, ** and [abc] sets."""


def match_part(pattern, name):
    """Match one path part; '*' and '?' never see a slash."""
    if not pattern:
        return not name
    head = pattern[0]
    if head == "*":
        rest = pattern.lstrip("*")
        return any(match_part(rest, name[i:]) for i in range(len(name) + 1))
    if not name:
        return False
    if head == "[" and "]" in pattern:
        end = pattern.index("]")
        letters = pattern[1:end]
        if letters.startswith("!"):
            found = name[0] not in letters[1:]
        else:
            found = name[0] in letters
        return found and match_part(pattern[end + 1:], name[1:])
    return head in ("?", name[0]) and match_part(pattern[1:], name[1:])


def match_path(pattern, path):
    """Match whole paths; a '**' part stands for any number of parts."""
    def walk(patterns, parts):
        if not patterns:
            return not parts
        if patterns[0] == "**":
            return walk(patterns[1:], parts) or (bool(parts) and walk(patterns, parts[1:]))
        return bool(parts) and match_part(patterns[0], parts[0]) and walk(patterns[1:], parts[1:])

    return walk(pattern.split("/"), path.strip("/").split("/"))


def select(paths, include, exclude):
    """Paths matching some include pattern and no exclude pattern."""
    chosen = []
    for path in paths:
        if not any(match_path(p, path) for p in include):
            continue
        if any(match_path(p, path) for p in exclude):
            continue
        chosen.append(path)
    return chosen
