"""Share a restaurant bill: tips, rounding and who owes what."""


def tip_for(amount, percent, step=1):
    """Tip in cents, raised so that amount plus tip is a multiple of step."""
    tip = (amount * percent + 50) // 100
    over = (amount + tip) % step
    if over:
        tip += step - over
    return tip


def share_bill(items, people, percent):
    """Cents due from each person: own items, shared items and tip.

    Items are [name or 'all', cents]; the tip follows what each consumed.
    """
    if not people:
        raise ValueError("nobody to pay")
    own = {person: 0 for person in people}
    common = 0
    for who, cents in items:
        if who == "all":
            common += cents
        elif who in own:
            own[who] += cents
        else:
            raise ValueError("not at the table: " + who)
    each, extra = divmod(common, len(people))
    for index, person in enumerate(people):
        own[person] += each + (1 if index < extra else 0)
    total = sum(own.values())
    tip = tip_for(total, percent)
    left = tip
    due = {}
    for person in people:
        part = tip * own[person] // total if total else 0
        due[person] = own[person] + part
        left -= part
    for person in sorted(people, key=lambda p: -own[p]):
        if left <= 0:
            break
        due[person] += 1
        left -= 1
    return due
