"""Read, set and flatten values in nested data by dotted paths."""


def split_path(path):
    """'a.b[2].c' becomes ['a', 'b', 2, 'c']."""
    steps = []
    for part in path.split("."):
        name, *indexes = part.split("[")
        if name:
            steps.append(name)
        elif not indexes:
            raise ValueError("empty step in " + path)
        for index in indexes:
            if not index.endswith("]") or not index[:-1].isdigit():
                raise ValueError("bad index in " + path)
            steps.append(int(index[:-1]))
    return steps


def get_path(data, path, default=None):
    """Value at the path, or the default where the path leads nowhere."""
    for step in split_path(path):
        if isinstance(step, int):
            if not isinstance(data, list) or step >= len(data):
                return default
        elif not isinstance(data, dict) or step not in data:
            return default
        data = data[step]
    return data


def flatten(data, prefix=""):
    """Dict of dotted path -> leaf; empty containers count as leaves."""
    if isinstance(data, dict) and data:
        pairs = [(prefix + "." + key if prefix else key, data[key]) for key in data]
    elif isinstance(data, list) and data:
        pairs = [("%s[%d]" % (prefix, i), item) for i, item in enumerate(data)]
    else:
        return {prefix: data}
    result = {}
    for name, value in pairs:
        result.update(flatten(value, name))
    return result
