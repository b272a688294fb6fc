def inputs(random):
    words = ["a", "to", "the", "apple", "banana", "extraordinary", "I", "supercalifragilistic", "of", "cart"]
    lines = []
    for _ in range(random.randint(0, 4)):
        line = random.choice(["", "- ", "* ", ""]) + " ".join(random.choice(words) for _ in range(random.randint(0, 9)))
        lines.append(line)
    return {"call": "wrap_text", "args": ["\n".join(lines), random.randint(4, 24)]}
