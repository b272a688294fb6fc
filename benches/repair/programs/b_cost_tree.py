"""Budget trees: nodes with a name, an optional cost and parts."""


def walk(node, path=""):
    """Yield path and node for the node and everything below it."""
    here = path + "/" + node["name"]
    yield here, node
    for part in node.get("parts", []):
        yield from walk(part, here)


def total(node):
    """Cost of a node and its parts, times the count of the node."""
    own = node.get("cost", 0)
    below = sum(total(part) for part in node.get("parts", []))
    return (own + below) * node.get("count", 1)


def priciest(node):
    """Path of the leaf with the highest total; the first one among equals."""
    best_path = None
    best_cost = None
    for path, item in walk(node):
        if item.get("parts"):
            continue
        cost = total(item)
        if best_cost is None or cost > best_cost:
            best_path, best_cost = path, cost
    return best_path


def prune(node, least):
    """Copy the tree, with parts below the least total folded into 'rest'."""
    result = {key: value for key, value in node.items() if key != "parts"}
    kept = []
    rest = 0
    for part in node.get("parts", []):
        amount = total(part)
        if amount < least:
            rest += amount
        else:
            kept.append(prune(part, least))
    if rest:
        kept.append({"name": "rest", "cost": rest})
    if kept:
        result["parts"] = kept
    return result
