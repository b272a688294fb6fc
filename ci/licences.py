"""Says which dependencies have a licence that ours does not allow; reads `cargo metadata`."""

import json
import re
import sys

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
}

# What is taken all the same, by name, and why.
EXCEPTIONS = {
    # Rhai cannot be had without it. Its copyleft ends at its own files, which are used as they are.
    "smartstring": "MPL-2.0+",
}


def is_allowed(expression: str) -> bool:
    """Evaluates an SPDX expression, in which AND binds tighter than OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either() -> bool:
        outcome = both()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            outcome = both() or outcome
        return outcome

    def both() -> bool:
        outcome = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            outcome = one() and outcome
        return outcome

    def one() -> bool:
        token = tokens.pop(0)
        if token == "(":
            outcome = either()
            tokens.pop(0)
            return outcome
        if tokens[:1] == ["WITH"]:
            token = f"{token} WITH {tokens[1]}"
            del tokens[:2]
        return token in ALLOWED

    return either() and not tokens


def self_test() -> None:
    table = {
        "MIT": True,
        "MIT/Apache-2.0": True,
        "GPL-3.0-only OR MIT": True,
        "GPL-3.0-only AND MIT": False,
        "(MIT OR GPL-2.0-only) AND Unicode-3.0": True,
        "Apache-2.0 WITH LLVM-exception OR Apache-2.0": True,
        "GPL-2.0-only WITH Classpath-exception-2.0": False,
        "MPL-2.0": False,
    }
    wrong = [text for text, expected in table.items() if is_allowed(text) != expected]
    assert not wrong, wrong


def main() -> int:
    self_test()
    with open(sys.argv[1], encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    refused = sorted(
        f"{package['name']} {package['version']}: {package['license'] or 'no licence named'}"
        for package in packages
        if not is_allowed(package["license"] or "none")
        and EXCEPTIONS.get(package["name"]) != package["license"]
    )
    for line in refused:
        print(f"licence not allowed: {line}", file=sys.stderr)
    if refused:
        print("   next: choose another crate, or allow it in ci/licences.py", file=sys.stderr)
    return 1 if refused else 0


sys.exit(main())
