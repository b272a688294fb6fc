"""Layered settings: merge nested dicts, where later layers win."""


def merge(base, extra):
    """Return a new dict; None removes a key, a list under '+key' is appended."""
    result = {}
    for key, value in base.items():
        result[key] = merge(value, {}) if isinstance(value, dict) else value
    for key, value in extra.items():
        if value is None:
            result.pop(key, None)
        elif key.startswith("+"):
            name = key[1:]
            present = result.get(name, [])
            if not isinstance(present, list) or not isinstance(value, list):
                raise TypeError("can only append lists: " + name)
            result[name] = present + [item for item in value if item not in present]
        elif isinstance(value, dict):
            present = result.get(key)
            if not isinstance(present, dict):
                present = {}
            result[key] = merge(present, value)
        else:
            result[key] = value
    return result


def merge_all(layers):
    """Merge any number of layers from weakest to strongest."""
    result = {}
    for layer in layers:
        if layer:
            result = merge(result, layer)
    return result
