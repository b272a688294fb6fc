def inputs(random):
    commands = []
    for _ in range(random.randint(0, 14)):
        pick = random.random()
        if pick < 0.5:
            commands.append(["put", random.choice("abcde"), random.randint(0, 4), random.randint(1, 5)])
        elif pick < 0.65:
            commands.append(["cancel", random.choice("abcde")])
        else:
            commands.append(["next", random.randint(1, 6)])
    return {"call": "work", "args": [commands]}
