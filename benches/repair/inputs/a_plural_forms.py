def inputs(random):
    nouns = ["file", "box", "day", "city", "person", "sheep", "knife", "leaf", "wish", "bus", "step-child", "quiz", "tooth-brush", "key", "y"]
    numbers = [0, 1, 2, 10, 11, -1, -3, 1000, 1234567, 7]
    pick = random.random()
    if pick < 0.2:
        return {"call": "plural", "args": [random.choice(["", "", "old-", "x-y-"]) + random.choice(nouns)]}
    if pick < 0.5:
        return {"call": "count_phrase", "args": [random.choice(numbers), random.choice(nouns)]}
    return {"call": "summarise", "args": [{random.choice(nouns): random.choice(numbers) for _ in range(random.randint(0, 5))}]}
