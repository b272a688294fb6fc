"""Token bucket that admits requests of different weights at given times."""

from dataclasses import dataclass


@dataclass
class Bucket:
    capacity: int
    rate: int
    tokens: float = 0.0
    last: float = 0.0

    def refill(self, now):
        if now > self.last:
            self.tokens = min(self.capacity, self.tokens + (now - self.last) * self.rate)
            self.last = now

    def take(self, now, weight):
        """Take weight tokens if they are there; tell whether they were."""
        self.refill(now)
        if weight > self.tokens:
            return False
        self.tokens -= weight
        return True

    def wait_for(self, weight):
        """Seconds until weight tokens (more than now) are there, None if that never happens."""
        if weight > self.capacity:
            return None
        return (weight - self.tokens) / self.rate


def admit(capacity, rate, requests):
    """Answer [time, weight] requests with 'ok', 'never' or the seconds to wait."""
    if capacity <= 0 or rate <= 0:
        raise ValueError("capacity and rate must be positive")
    bucket = Bucket(capacity, rate, tokens=capacity)
    answers = []
    for now, weight in requests:
        if bucket.take(now, weight):
            answers.append("ok")
            continue
        wait = bucket.wait_for(weight)
        answers.append("never" if wait is None else wait)
    return answers
