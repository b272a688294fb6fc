"""Turn indented outlines into numbered headings and nested nodes."""


def depth_of(line):
    """Two blanks of indent make one level."""
    blanks = len(line) - len(line.lstrip(" "))
    if blanks % 2:
        raise ValueError("odd indent: " + line)
    return blanks // 2


def number_lines(lines):
    """Return '1.2 Title' for every line that is not empty."""
    counters = []
    result = []
    for line in lines:
        if not line.strip():
            continue
        depth = depth_of(line)
        if depth > len(counters):
            raise ValueError("level skipped: " + line)
        if depth == len(counters):
            counters.append(0)
        else:
            del counters[depth + 1:]
        counters[depth] += 1
        label = ".".join(str(counter) for counter in counters)
        result.append(label + " " + line.strip())
    return result


def nest(lines):
    """Return the outline as nodes with a title and their children."""
    root = {"title": "", "children": []}
    path = [root]
    for line in lines:
        depth = depth_of(line)
        if depth >= len(path):
            raise ValueError("level skipped: " + line)
        node = {"title": line.strip(), "children": []}
        path[depth]["children"].append(node)
        path = path[:depth + 1] + [node]
    return root["children"]
