"""Coupon codes such as 'SAVE15-0930' with day limits and stacking rules."""

import re

CODE = re.compile(r"(SAVE|LESS|SHIP)(\d{0,3})-(\d\d)(\d\d)(X?)")


class CouponBook:
    def __init__(self, month, day):
        self.today = (month, day)
        self.used = []

    def read(self, code):
        """Return (kind, amount, alone) or raise ValueError with the reason."""
        match = CODE.fullmatch(code.replace(" ", "").upper())
        if match is None:
            raise ValueError("unreadable")
        kind, amount, month, day, alone = match.groups()
        if not (1 <= int(month) <= 12 and 1 <= int(day) <= 31):
            raise ValueError("no such day")
        if (int(month), int(day)) < self.today:
            raise ValueError("too late")
        if (kind == "SHIP") != (amount == "") or kind == "SAVE" and int(amount) > 50:
            raise ValueError("wrong amount")
        return kind, int(amount or 0), alone == "X"

    def accept(self, code):
        """Add a coupon to the used ones if it may stand beside them."""
        coupon = self.read(code)
        if any(kind == coupon[0] for kind, _, _ in self.used):
            raise ValueError("used already")
        if self.used and (coupon[2] or any(alone for _, _, alone in self.used)):
            raise ValueError("cannot be combined")
        self.used.append(coupon)

    def total(self, price, shipping):
        """Percentages come first, then fixed amounts, then the shipping."""
        for kind, amount, _ in sorted(self.used, key=lambda c: c[0] == "LESS"):
            if kind == "SAVE":
                price -= price * amount // 100
            elif kind == "LESS":
                price = max(0, price - amount * 100)
            else:
                shipping = 0
        return price + shipping


def checkout(month, day, price, shipping, codes):
    """Return the total in cents and the refused codes with reasons."""
    book = CouponBook(month, day)
    refused = {}
    for code in codes:
        try:
            book.accept(code)
        except ValueError as error:
            refused[code] = str(error)
    return {"total": book.total(price, shipping), "refused": refused}
