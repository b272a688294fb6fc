def inputs(random):
    pool = ["one = 1", "two(a) = $a $a", "sum(a, b) = $a + $b", "wrap(x) = <@one $x>",
            "deep(q) = @wrap($q)!", "odd(a) = $a $zz", "loop = x @loop"]
    lines = random.sample(pool[:6], random.randint(0, 6))
    if random.random() < 0.05:
        lines.append(pool[6])
    parts = []
    word = lambda: random.choice(["x", "12", "big cat", "q_", "$a"])
    for _ in range(random.choice([0, 1, 3, 6])):
        parts.append(random.choice([
            "plain", "@one", "@two(" + word() + ")", "@sum(" + word() + ", " + word() + ")",
            "@wrap(" + word() + ")", "@deep(" + word() + ")", "@odd(" + word() + ")", "@none(1)", "a@one.b"]))
    if random.random() < 0.08:
        parts.append(random.choice(["@two(1, 2)", "@loop", "@sum(1)"]))
    return {"call": "expand", "args": [lines, random.choice([" ", "", ", "]).join(parts)]}
