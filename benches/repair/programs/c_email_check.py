"""Check and normalise mail addresses by the rules of an imaginary company."""

import re

PLUS_DOMAINS = {"post.example", "mail.example"}
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def problem(address):
    """Return a short word for the first problem of an address, or None."""
    if address.count("@") != 1:
        return "at"
    local, domain = address.split("@")
    if not 1 <= len(local) <= 32:
        return "length"
    if local[0] == "." or local[-1] == "." or ".." in local:
        return "dots"
    if not re.fullmatch(r"[\w.+-]+", local, re.ASCII):
        return "local"
    labels = domain.lower().split(".")
    if len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        return "domain"
    if labels[-1].isdigit() or len(labels[-1]) < 2:
        return "ending"
    return None


def normalise(address):
    """Lower case form; known domains ignore dots and everything after '+'."""
    address = address.strip()
    fault = problem(address)
    if fault:
        raise ValueError(fault)
    local, domain = address.lower().split("@")
    if domain in PLUS_DOMAINS:
        local = local.partition("+")[0].replace(".", "") or local
    return f"{local}@{domain}"


def unique(addresses):
    """Return the good addresses once each, as first written, and the bad ones."""
    seen = {}
    bad = []
    for address in addresses:
        try:
            seen.setdefault(normalise(address), address.strip())
        except ValueError as error:
            bad.append([address, str(error)])
    return {"good": list(seen.values()), "bad": bad}
