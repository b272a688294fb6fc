"""Stock levels from a list of movements, and what should be ordered."""


def apply_movements(opening, movements):
    """Return the stock after all movements; a sale may not go below zero."""
    levels = dict(opening)
    for kind, item, amount in movements:
        if amount < 0:
            raise ValueError("negative amount for " + item)
        current = levels.get(item, 0)
        if kind == "in":
            levels[item] = current + amount
        elif kind == "out":
            if amount > current:
                raise ValueError("not enough " + item)
            levels[item] = current - amount
        elif kind == "count":
            levels[item] = amount
        else:
            raise ValueError("unknown movement " + kind)
    return {item: level for item, level in levels.items() if level > 0}


def reorder_list(levels, limits, pack_size):
    """List [item, packs] for items under their minimum, filled to the maximum."""
    orders = []
    for item in sorted(limits):
        low, high = limits[item]
        level = levels.get(item, 0)
        if level >= low:
            continue
        missing = high - level
        packs = (missing + pack_size - 1) // pack_size
        orders.append([item, packs])
    orders.sort(key=lambda order: -order[1])
    return orders
