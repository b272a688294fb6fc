def inputs(random):
    parts = ["a", "src", "lib.py", "a.txt", "v2", "test_x.py", "ab"]
    patterns = ["*", "**", "a", "src", "*.py", "v[12]", "[!a]*", "?", "a*", "*x*", "test_*"]

    def path():
        return "/".join(random.choice(parts) for _ in range(random.randint(1, 4)))

    def pattern():
        return "/".join(random.choice(patterns) for _ in range(random.randint(1, 3)))

    pick = random.random()
    if pick < 0.25:
        return {"call": "match_part", "args": ["".join(random.choice(["a", "*", "?", "[ab]", "b", "[!a]"]) for _ in range(random.randint(0, 4))),
                                               "".join(random.choice("abc") for _ in range(random.randint(0, 5)))]}
    if pick < 0.6:
        return {"call": "match_path", "args": [pattern(), path()]}
    return {"call": "select", "args": [[path() for _ in range(random.randint(0, 8))], [random.choice([pattern(), "**/*"]) for _ in range(random.randint(0, 2))], [pattern() for _ in range(random.randint(0, 2))]]}
