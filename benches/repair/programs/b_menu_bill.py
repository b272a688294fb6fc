"""Price a restaurant bill with set meals and extras."""


def price_of(name, menu):
    """A name may carry extras: 'soup+bread+cream'."""
    dish, *extras = name.split("+")
    if dish not in menu["dishes"]:
        raise KeyError(dish)
    total = menu["dishes"][dish]
    for extra in extras:
        total += menu["extras"].get(extra, menu["extra_price"])
    return total


def best_deal(counts, deals):
    """Return the deal that the counted dishes allow and that saves most."""
    best = None
    for deal in deals:
        fits = all(counts.get(dish, 0) >= deal["dishes"].count(dish) for dish in deal["dishes"])
        if fits and (best is None or deal["saves"] > best["saves"]):
            best = deal
    return best


def bill(order, menu):
    """Total in cents: all prices less the savings of the deals."""
    total = sum(price_of(name, menu) for name in order)
    counts = {}
    for name in order:
        dish = name.split("+")[0]
        counts[dish] = counts.get(dish, 0) + 1
    saved = 0
    deal = best_deal(counts, menu["deals"])
    while deal is not None:
        for dish in deal["dishes"]:
            counts[dish] -= 1
        saved += deal["saves"]
        deal = best_deal(counts, menu["deals"])
    return {"total": total - saved, "saved": saved}
