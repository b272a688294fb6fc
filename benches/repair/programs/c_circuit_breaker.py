"""Circuit breaker that stops calls after failures and probes again later."""


class Breaker:
    def __init__(self, threshold, cooldown):
        self.threshold = threshold
        self.cooldown = cooldown
        self.failures = 0
        self.opened_at = None

    def state(self, now):
        if self.opened_at is None:
            return "closed"
        if now - self.opened_at >= self.cooldown:
            return "probing"
        return "open"

    def record(self, now, success):
        """Take the result of a call that was let through."""
        if success:
            self.failures = 0
            self.opened_at = None
            return
        self.failures += 1
        if self.failures >= self.threshold or self.opened_at is not None:
            self.opened_at = now


def replay(threshold, cooldown, calls):
    """Replay [time, success] calls.

    Returns the state seen by each call, and the count of skipped calls that
    would have worked.
    """
    breaker = Breaker(threshold, cooldown)
    states = []
    wasted = 0
    for now, success in calls:
        state = breaker.state(now)
        states.append(state)
        if state != "open":
            breaker.record(now, success)
        elif success:
            wasted += 1
    return {"states": states, "wasted": wasted}
