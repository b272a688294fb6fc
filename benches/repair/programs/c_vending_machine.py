"""Vending machine that sells items and gives change from its own coins."""

COINS = (200, 100, 50, 20, 10)


class Machine:
    def __init__(self, stock, coins):
        self.stock = {name: list(entry) for name, entry in stock.items()}
        self.coins = {value: coins.get(str(value), 0) for value in COINS}
        self.inserted = []

    def insert(self, value):
        if value not in COINS:
            return f"rejected {value}"
        self.inserted.append(value)
        return f"credit {sum(self.inserted)}"

    def refund(self):
        back = sorted(self.inserted, reverse=True)
        self.inserted = []
        return "back " + " ".join(map(str, back)) if back else "nothing"

    def make_change(self, amount):
        """Return the coins to give back, or None when that is impossible."""
        change = []
        for value in COINS:
            available = self.coins[value] + self.inserted.count(value)
            count = min(available, amount // value)
            change.extend([value] * count)
            amount -= count * value
        return change if amount == 0 else None

    def buy(self, name):
        price, left = self.stock.get(name, (0, 0))
        if left == 0:
            return "sold out"
        missing = price - sum(self.inserted)
        if missing > 0:
            return f"missing {missing}"
        change = self.make_change(-missing)
        if change is None:
            return "exact money only"
        for value in self.inserted:
            self.coins[value] += 1
        for value in change:
            self.coins[value] -= 1
        self.inserted = []
        self.stock[name][1] -= 1
        return " ".join([name, *map(str, change)])


def serve(stock, coins, actions):
    """Play [verb, argument] actions; stock maps a name to [price, count]."""
    machine = Machine(stock, coins)
    verbs = {"insert": machine.insert, "buy": machine.buy}
    return [verbs[a[0]](a[1]) if a[0] in verbs else machine.refund() for a in actions]
