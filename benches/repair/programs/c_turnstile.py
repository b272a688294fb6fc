"""Turnstile that counts passages, refused pushes and kept coins."""


def step(state, event):
    """Return the next state and what happened for one event."""
    if event == "coin":
        if state == "open":
            return "open", "extra"
        if state == "jammed":
            return "jammed", "returned"
        return "open", "paid"
    if event == "push":
        if state == "open":
            return "locked", "passed"
        return state, "refused"
    if event == "kick":
        return "jammed", "alarm"
    if event == "reset":
        return "locked", "reset"
    raise KeyError(event)


def summarise(events):
    """Feed all events to a locked turnstile and count the outcomes."""
    state = "locked"
    totals = {"passed": 0, "refused": 0, "coins": 0}
    for event in events:
        state, outcome = step(state, event)
        if outcome in ("passed", "refused"):
            totals[outcome] += 1
        elif outcome in ("paid", "extra"):
            totals["coins"] += 1
    totals["state"] = state
    return totals
