def inputs(random):
    if random.random() < 0.5:
        number = random.choice([1, 9, 999, 1000, 999999, random.randint(1, 30), random.randint(1, 5000), random.randint(1, 999999)])
        return {"call": "to_tally", "args": [number]}
    letters = "DCLXVI"

    def run():
        text = "".join(letter * random.choice([0, 0, 1, 2, 4]) for letter in letters)
        return text or "I"

    text = run()
    if random.random() < 0.4:
        text = "[" + run() + "]" + (text if random.random() < 0.7 else "")
    if random.random() < 0.1:
        text += random.choice(["X", "Q", "]"])
    return {"call": "from_tally", "args": [random.choice([text, text.lower(), " " + text])]}
