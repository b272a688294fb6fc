def inputs(random):
    names = ["hall", "attic", "vault", "yard"][:random.randint(1, 4)]
    things = ["key", "lamp", "rope", "map", "coin"]
    random.shuffle(things)
    rooms = {}
    for name in names:
        exits = {}
        for way in "nesw":
            if random.random() < 0.55:
                target = random.choice(names)
                exits[way] = [target, random.choice(["key", "lamp"])] if random.random() < 0.25 else target
        rooms[name] = {"exits": exits, "items": [things.pop() for _ in range(random.randint(0, 2)) if things]}
    commands = []
    for _ in range(random.choice([0, 3, 8, 20])):
        verb = random.choice(["go", "go", "go", "take", "take", "take", "drop", "look", "dance"])
        if verb == "go":
            commands.append("go " + random.choice("nesw"))
        elif verb in ("take", "drop"):
            commands.append(verb + " " + random.choice(["key", "lamp", "rope", "map", "coin"]))
        else:
            commands.append(verb)
    if random.random() < 0.1 and commands:
        commands[len(commands) // 2] = "QUIT"
    return {"call": "play", "args": [rooms, names[0], commands]}
