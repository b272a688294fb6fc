"""Says of each module whether its function gives what was held back."""

import json
import sys


def holds(name, module, held):
    space = {}
    exec(module, space)
    for given, expected in held:
        got = space[name](*given)
        if got != expected and abs(got - expected) > 1e-9:
            return False
    return True


answers = []
for row in json.loads(sys.argv[1]):
    try:
        answers.append(holds(*row))
    except Exception:
        answers.append(False)
print(json.dumps(answers))
