def inputs(random):
    if random.random() < 0.12:
        return {"call": "indent_of", "args": ["".join(random.choice(" \t ") for _ in range(random.randint(0, 7))) + "x "]}
    lines = [random.choice(["top", "top", "  top", " "])]
    for _ in range(random.randint(0, 9)):
        lines.append(random.choice(["", "", "  ", "    ", "\t", "\t\t", " ", "      "]) + random.choice(["a", "b c", "d", ""]))
    return {"call": "number_outline", "args": [lines]}
