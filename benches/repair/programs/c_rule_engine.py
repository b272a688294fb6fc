"""Rule engine: fire the first matching rules until no more fact changes."""


def holds(condition, facts):
    """Test one [name, operator, value] condition against the facts."""
    name, operator, value = condition
    if operator == "missing":
        return name not in facts
    if name not in facts:
        return False
    if operator == "is":
        return facts[name] == value
    if operator == "not":
        return facts[name] != value
    if operator == "over":
        return facts[name] > value
    if operator == "under":
        return facts[name] < value
    raise ValueError("unknown operator " + operator)


def run_rules(rules, facts, limit=20):
    """Each rule has a name, 'when' conditions and 'set' facts.

    A rule fires once at most. Returns the final facts and the fired names.
    """
    facts = dict(facts)
    fired = []
    for _ in range(limit):
        for rule in rules:
            if rule["name"] in fired:
                continue
            if all(holds(condition, facts) for condition in rule["when"]):
                fired.append(rule["name"])
                facts.update(rule["set"])
                break
        else:
            break
    return {"facts": facts, "fired": fired}
