def inputs(random):
    parts = ["user", "Name", "HTTP", "_", "-", "id", "X", "2", "XML", "file", " ", "Ab", "z"]
    name = "".join(random.choice(parts) for _ in range(random.randint(0, 8)))
    if random.random() < 0.25:
        return {"call": "split_words", "args": [name]}
    style = random.choice(["snake", "kebab", "constant", "pascal", "camel"])
    return {"call": "convert", "args": [name, style]}
