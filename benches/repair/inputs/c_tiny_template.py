def inputs(random):
    def piece(depth):
        roll = random.random()
        name = random.choice(["name", "city", "user.name", "user.age", "gone", "pad"])
        if roll < 0.3:
            return random.choice(["hi ", ", ", "x", " and "])
        if roll < 0.7 or depth > 2:
            return "{" + name + random.choice(["", "", "|upper", "|trim", "|title", "|len", "|trim|len"]) + "}"
        inner = "".join(piece(depth + 1) for _ in range(random.randint(0, 3)))
        return "{" + random.choice("?!") + name + "}" + inner + "{/}"
    text = "".join(piece(0) for _ in range(random.choice([0, 1, 3, 7])))
    if random.random() < 0.05:
        text += random.choice(["{/}", "{?name}", "{name|zip}"])
    context = {}
    if random.random() < 0.7:
        context["name"] = random.choice(["ann lee", "", "Bo"])
    if random.random() < 0.7:
        context["city"] = random.choice(["rome", "", "oslo"])
    if random.random() < 0.7:
        context["user"] = {"name": random.choice(["ivy", ""]), "age": random.randint(0, 99)}
    context["pad"] = " pad "
    return {"call": "render", "args": [text, context]}
