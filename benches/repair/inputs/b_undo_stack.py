def inputs(random):
    commands = []
    for i in range(random.randint(0, 14)):
        name = random.choice(["add", "add", "add", "set", "cut", "undo", "undo", "redo"])
        if name == "add":
            commands.append([name, random.choice("abcd")])
        elif name == "set":
            commands.append([name, random.randint(0, 3), random.choice("abcd")])
        elif name == "cut":
            first = random.randint(0, 3)
            commands.append([name, first, first + random.randint(0, 2)])
        else:
            commands.append([name])
    return {"call": "edit", "args": [commands, random.choice([1, 2, 3, 10])]}
