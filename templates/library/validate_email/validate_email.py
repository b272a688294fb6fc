"""Is it an address that mail can be sent to, as far as its form says?"""

import re
from typing import TypedDict

from luthier import tool

# RFC 5321: the limits of an address, of what is before the @, and of each label after it.
ADDRESS_CHARS_MAX = 254
LOCAL_CHARS_MAX = 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


class Verdict(TypedDict):
    valid: bool
    reason: str
    normalised: str | None


@tool(annotations={"readOnlyHint": True, "idempotentHint": True})
def validate_email(address: str) -> Verdict:
    """Checks the form of an e-mail address, and writes its domain in lower case. No mail is sent.

    Args:
        address: one address without a name; white space around it does not count
    """
    bare = address.strip()
    local, _, domain = bare.rpartition("@")
    if reason := _wrong(bare, local, domain):
        return {"valid": False, "reason": reason, "normalised": None}
    return {"valid": True, "reason": "", "normalised": f"{local}@{domain.lower()}"}


def _wrong(address: str, local: str, domain: str) -> str:
    labels = domain.split(".")
    if "@" not in address:
        return "there is no @"
    if len(address) > ADDRESS_CHARS_MAX:
        return f"it has more than {ADDRESS_CHARS_MAX} characters"
    if not local or len(local) > LOCAL_CHARS_MAX:
        return f"before the @ there are 1 to {LOCAL_CHARS_MAX} characters"
    if not _LOCAL.fullmatch(local):
        return "before the @ there is a character that is not allowed"
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return "a dot before the @ stands between other characters"
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        return "after the @ there is no domain such as example.org"
    if not any(letter.isalpha() for letter in labels[-1]):
        return "the domain ends in no letters"
    return ""
