def inputs(random):
    names = ["tea", "bar", "nut", "gum"]
    stock = {n: [10 * random.randint(3, 25), random.randint(0, 3)]
             for n in random.sample(names, random.randint(1, 4))}
    coins = {str(v): random.randint(0, 4) for v in (200, 100, 50, 20, 10)
             if random.random() < 0.7}
    actions = []
    for _ in range(random.choice([0, 2, 5, 10, 20])):
        roll = random.random()
        if roll < 0.6:
            actions.append(["insert", random.choice([200, 100, 50, 20, 10, 100, 50, 5])])
        elif roll < 0.92:
            actions.append(["buy", random.choice(names)])
        else:
            actions.append(["refund", None])
    return {"call": "serve", "args": [stock, coins, actions]}
