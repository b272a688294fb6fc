def inputs(random):
    def seconds():
        return random.choice([5, 19, 20, 21, 25, 26, random.randint(1, 90)])

    call = random.choice(["answer_points", "round_score", "round_score", "grade"])
    if call == "answer_points":
        return {"call": call, "args": [random.choice(["oslo", "Oslo", " OSLO", "rome", None]), "Oslo", seconds()]}
    if call == "grade":
        limits = [[random.randint(0, 40), n] for n in random.sample(["gold", "silver", "bronze"], random.randint(0, 3))]
        return {"call": call, "args": [random.randint(0, 45), limits]}
    key = [random.choice("abc") for _ in range(random.randint(0, 8))]
    answers = []
    for right in key:
        pick = random.random()
        given = right if pick < 0.7 else None if pick < 0.8 else random.choice("abc")
        answers.append([given, seconds()])
    return {"call": call, "args": [answers, key, random.random() < 0.4]}
