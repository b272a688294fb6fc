"""Checks a run of the conformance suite: `scored.py REQUIREMENTS.yaml FOLDER`.

Every scenario that the requirements score must have run, with at least one check that passed and none
that failed. What does not apply or is not scored is printed, so that it is seen when that grows.
"""

import json
import re
import sys
from pathlib import Path

REASON_CHARS_MAX = 120
FOLDER = re.compile(r"server-(?P<scenario>.+?)-\d{4}-\d\d-\d\dT.*")


def scored(requirements: str) -> list[str]:
    """The list below `server:`."""
    section = re.search(r"^server:\n((?:  - .+\n)+)", requirements, re.MULTILINE)
    assert section, "the requirements list no server scenarios"
    return re.findall(r"  - (\S+)", section[1])


def checks_by_scenario(folder: Path) -> dict[str, list[dict[str, str]]]:
    found = {}
    for path in sorted(folder.glob("*/checks.json")):
        name = FOLDER.fullmatch(path.parent.name)
        assert name, f"{path.parent.name} names no scenario"
        found[name["scenario"]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def main() -> None:
    requirements, folder = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = scored(requirements.read_text(encoding="utf-8"))
    ran = checks_by_scenario(folder)
    bad = []
    for scenario in wanted:
        statuses = [check["status"] for check in ran.get(scenario, [])]
        if "SUCCESS" not in statuses or "FAILURE" in statuses:
            bad.append(f"{scenario}: {', '.join(statuses) or 'did not run'}")
    for scenario, checks in sorted(ran.items()):
        weight = "scored" if scenario in wanted else "not scored"
        for status in ("FAILURE", "WARNING", "SKIPPED"):
            those = [check for check in checks if check["status"] == status]
            if those:
                reason = those[0].get("errorMessage") or those[0].get("description", "")
                more = f" and {len(those) - 1} more" if len(those) > 1 else ""
                print(f"  {weight}, {status.lower()}: {scenario}: {reason[:REASON_CHARS_MAX]}{more}")
    if bad:
        sys.exit("\n".join(["scored scenarios that do not pass:", *bad]))
    print(f"  all {len(wanted)} scored scenarios pass")


main()
