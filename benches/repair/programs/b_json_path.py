"""Read values from nested data with paths such as 'shops[0].name'."""

import re

STEP = re.compile(r"([A-Za-z_]\w*)|\[(-?\d+|\*)\]")


def parse_path(path):
    """Split a path into names, numbers and '*'."""
    steps = []
    position = 0
    while position < len(path):
        if path[position] == "." and steps and position + 1 < len(path):
            position += 1
        match = STEP.match(path, position)
        if match is None:
            raise ValueError("bad path at %d" % position)
        name, index = match.groups()
        if name is not None:
            steps.append(name)
        elif index == "*":
            steps.append("*")
        else:
            steps.append(int(index))
        position = match.end()
    return steps


def find(data, path):
    """Return every value the path leads to; missing ones are left out."""
    values = [data]
    for step in parse_path(path):
        reached = []
        for value in values:
            if step == "*":
                if isinstance(value, list):
                    reached.extend(value)
                elif isinstance(value, dict):
                    reached.extend(value.values())
            elif isinstance(step, int):
                if isinstance(value, list) and -len(value) <= step < len(value):
                    reached.append(value[step])
            elif isinstance(value, dict) and step in value:
                reached.append(value[step])
        values = reached
    return values


def first(data, path, default=None):
    found = find(data, path)
    return found[0] if found else default
