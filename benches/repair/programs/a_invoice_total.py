"""Total an invoice: line discounts, a voucher, delivery and tax."""


def line_total(price, quantity, breaks):
    """Cents for a line; breaks are [from quantity, percent off] pairs."""
    best = 0
    for least, percent in breaks:
        if quantity >= least and percent > best:
            best = percent
    amount = price * quantity
    return amount - amount * best // 100


def voucher_value(voucher, subtotal):
    """Cents taken off by 'AMT500' or 'PCT10'; never more than subtotal."""
    if voucher is None:
        return 0
    kind, number = voucher[:3], voucher[3:]
    if not number.isdigit():
        raise ValueError("bad voucher")
    if kind == "AMT":
        return min(int(number), subtotal)
    if kind == "PCT":
        return subtotal * min(int(number), 100) // 100
    raise ValueError("bad voucher")


def invoice(lines, voucher=None, free_from=5000, delivery=450, tax=20):
    """Dict of subtotal, discount, delivery, tax and total in cents."""
    subtotal = 0
    for line in lines:
        if line["quantity"] < 0:
            raise ValueError("negative quantity")
        subtotal += line_total(line["price"], line["quantity"], line.get("breaks", []))
    discount = voucher_value(voucher, subtotal)
    goods = subtotal - discount
    if subtotal == 0 or goods >= free_from:
        delivery = 0
    levied = (tax * (goods + delivery) + 50) // 100
    return {
        "subtotal": subtotal,
        "discount": discount,
        "delivery": delivery,
        "tax": levied,
        "total": goods + delivery + levied,
    }
