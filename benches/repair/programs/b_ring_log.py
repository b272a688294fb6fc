"""A log that keeps only its newest entries, driven by a list of commands."""


class RingLog:
    """Fixed number of slots; the oldest entry is overwritten when full."""

    def __init__(self, size):
        if size < 1:
            raise ValueError("size must be positive")
        self.slots = [None] * size
        self.start = 0
        self.used = 0
        self.dropped = 0

    def add(self, entry):
        size = len(self.slots)
        self.slots[(self.start + self.used) % size] = entry
        if self.used < size:
            self.used += 1
        else:
            self.start = (self.start + 1) % size
            self.dropped += 1

    def take(self):
        """Remove and return the oldest entry, or None."""
        if self.used == 0:
            return None
        entry = self.slots[self.start]
        self.start = (self.start + 1) % len(self.slots)
        self.used -= 1
        return entry

    def newest(self, count):
        """Return up to count entries, newest last."""
        count = min(count, self.used)
        first = self.start + self.used - count
        return [self.slots[(first + i) % len(self.slots)] for i in range(count)]


def run(size, commands):
    """Run ['add', x], ['take'] and ['newest', n]; return the answers."""
    log = RingLog(size)
    answers = []
    for name, *rest in commands:
        if name == "add":
            log.add(rest[0])
        elif name == "take":
            answers.append(log.take())
        elif name == "newest":
            answers.append(log.newest(rest[0]))
        else:
            raise ValueError("unknown command " + name)
    return {"answers": answers, "dropped": log.dropped, "left": log.newest(size)}
