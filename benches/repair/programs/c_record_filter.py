"""Filter records with a boolean expression such as 'age >= 18 and not city = rome'."""

import re

TOKEN = re.compile(r"\s*(\(|\)|<=|>=|!=|[<>=]|[\w.-]+)")


def tokenize(text):
    tokens, position = [], 0
    while position < len(text.rstrip()):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"bad character at {position}")
        tokens.append(match.group(1))
        position = match.end()
    return tokens


def compare(actual, operator, wanted):
    if isinstance(actual, (int, float)):
        wanted = float(wanted)
    if operator in ("=", "!="):
        return (actual == wanted) == (operator == "=")
    if operator.startswith("<"):
        return actual < wanted or (operator == "<=" and actual == wanted)
    return actual > wanted or (operator == ">=" and actual == wanted)


def evaluate(tokens, record):
    """Consume an 'or' expression from the front of tokens."""
    result = False
    while True:
        term = True
        while True:
            negate = False
            while tokens[0] == "not":
                negate = not negate
                tokens.pop(0)
            field = tokens.pop(0)
            if field == "(":
                value = evaluate(tokens, record)
                tokens.pop(0)
            else:
                operator, wanted = tokens.pop(0), tokens.pop(0)
                value = field in record and compare(record[field], operator, wanted)
            term = term and value != negate
            if not tokens or tokens[0] != "and":
                break
            tokens.pop(0)
        result = result or term
        if not tokens or tokens[0] != "or":
            return result
        tokens.pop(0)


def select(records, text):
    """Return the records for which the expression is true."""
    tokens = tokenize(text)
    return [r for r in records if not tokens or evaluate(list(tokens), r)]
