"""Hide card numbers, e-mail names and secret fields in log lines."""
import re

SECRETS = ("password", "token", "pin")


def mask_digits(text):
    """Star all but the last four digits of runs of 12 or more digits."""
    def hide(match):
        found = match.group()
        hidden = sum(c.isdigit() for c in found) - 4
        out = []
        for char in found:
            if char.isdigit() and hidden > 0:
                out.append("*")
                hidden -= 1
            else:
                out.append(char)
        return "".join(out)

    return re.sub(r"\d(?:[ -]?\d){11,}", hide, text)


def mask_email(address):
    """Keep the first letter of the name, and the whole domain."""
    name, _, domain = address.partition("@")
    if len(name) < 2:
        return "*@" + domain
    return name[0] + "*" * (len(name) - 1) + "@" + domain


def redact(line):
    """Apply all the masks to each word of a log line."""
    words = []
    for word in mask_digits(line).split(" "):
        key, equals, value = word.partition("=")
        if equals and value and key.lower() in SECRETS:
            word = key + "=" + "***"
        elif "@" in value:
            word = key + "=" + mask_email(value)
        elif word.count("@") == 1 and not word.startswith("@"):
            word = mask_email(word)
        words.append(word)
    return " ".join(words)
