"""Split a search box query into required, excluded and field terms."""


def split_terms(query):
    """Words and double-quoted phrases; a quote may follow a prefix."""
    terms = []
    current = ""
    quoted = False
    for char in query:
        if char == '"':
            quoted = not quoted
        elif char.isspace() and not quoted:
            if current:
                terms.append(current)
            current = ""
        else:
            current += char
    if current:
        terms.append(current)
    return terms


def parse_query(query):
    """Sort the terms into must / must-not lists and field filters."""
    result = {"must": [], "not": [], "fields": {}}
    for term in split_terms(query):
        if term.startswith("-") and len(term) > 1:
            target = result["not"]
            term = term[1:]
        else:
            target = result["must"]
        name, colon, value = term.partition(":")
        if colon and name and value and target is result["must"]:
            result["fields"].setdefault(name.lower(), []).append(value)
        elif term.lower() not in target:
            target.append(term.lower())
    return result
