"""Share scarce stock among customer orders by priority and order date."""


def order_key(order):
    return (-order.get("priority", 0), order["day"], order["id"])


def allocate(stock, orders):
    """Return what each order gets and what is left in the store."""
    left = dict(stock)
    given = {}
    for order in sorted(orders, key=order_key):
        item = order["item"]
        wanted = order["qty"]
        available = left.get(item, 0)
        if available >= wanted:
            amount = wanted
        elif order.get("partial", False):
            amount = available
        else:
            amount = 0
        if amount:
            left[item] = available - amount
        given[order["id"]] = amount
    return {"given": given, "left": left}


def fill_rate(orders, given):
    """Return the share of wanted pieces that was given, in whole percent."""
    wanted = sum(order["qty"] for order in orders)
    if wanted == 0:
        return 100
    got = 0
    for order in orders:
        got += min(given.get(order["id"], 0), order["qty"])
    return got * 100 // wanted
