"""Plans for retries with exponential backoff, a cap and a total budget."""


def backoff_delays(base, factor, cap, attempts):
    """Yield the pause before every retry; the first attempt needs none."""
    delay = base
    for _ in range(attempts - 1):
        yield min(delay, cap)
        delay *= factor


def plan(base, factor, cap, attempts, budget):
    """Return the start time of every attempt that lies within the budget."""
    if attempts < 1 or base <= 0 or factor < 1:
        raise ValueError("impossible plan")
    starts = [0]
    for delay in backoff_delays(base, factor, cap, attempts):
        start = starts[-1] + delay
        if start > budget:
            break
        starts.append(start)
    return starts


def simulate(outcomes, base, factor, cap, budget):
    """Walk through outcomes ('ok', 'fail', 'fatal' or a number of seconds to wait).

    A number is a failure that tells its own minimum pause.
    """
    now = 0
    used = 0
    for outcome, delay in zip(outcomes, backoff_delays(base, factor, cap, len(outcomes) + 1)):
        used += 1
        if outcome == "ok":
            return {"result": "ok", "attempts": used, "time": now}
        if outcome == "fatal":
            return {"result": "fatal", "attempts": used, "time": now}
        pause = delay if outcome == "fail" else max(delay, outcome)
        if now + pause > budget:
            break
        now += pause
    return {"result": "gave up", "attempts": used, "time": now}
