def inputs(random):
    commands = []
    for i in range(random.randint(0, 14)):
        pick = random.random()
        if pick < 0.6:
            commands.append(["add", i])
        elif pick < 0.8:
            commands.append(["take"])
        else:
            commands.append(["newest", random.randint(0, 4)])
    return {"call": "run", "args": [random.randint(1, 4), commands]}
