"""Check records against a small schema and list all complaints."""

TYPES = {"text": str, "int": int, "number": (int, float), "list": list, "flag": bool}


def type_fits(value, kind):
    """True if the value is of the kind; a flag is no number."""
    if isinstance(value, bool) and kind != "flag":
        return False
    return isinstance(value, TYPES[kind])


def check_field(name, value, rule):
    """Return the complaints about one value."""
    kind = rule["type"]
    if not type_fits(value, kind):
        return ["%s: not a %s" % (name, kind)]
    complaints = []
    size = len(value) if kind in ("text", "list") else value
    if "min" in rule and size < rule["min"]:
        complaints.append("%s: below %s" % (name, rule["min"]))
    if "max" in rule and size > rule["max"]:
        complaints.append("%s: above %s" % (name, rule["max"]))
    if "choices" in rule and value not in rule["choices"]:
        complaints.append("%s: not a choice" % name)
    if kind == "list" and "each" in rule:
        for i, item in enumerate(value):
            complaints.extend(check_field("%s[%d]" % (name, i), item, rule["each"]))
    return complaints


def check(record, schema):
    """Return the complaints about a record, schema fields first."""
    complaints = []
    for name, rule in schema.items():
        if name in record:
            complaints.extend(check_field(name, record[name], rule))
        elif not rule.get("optional"):
            complaints.append("%s: missing" % name)
    for name in sorted(record):
        if name not in schema:
            complaints.append("%s: unknown" % name)
    return complaints
