def inputs(random):
    dishes = {d: 10 * random.randint(20, 90) for d in ["soup", "tea", "pie", "fish"]}
    extras = {e: 10 * random.randint(2, 9) for e in random.sample(["egg", "bread", "lime"], random.randint(0, 3))}
    deals = []
    for _ in range(random.randint(0, 3)):
        parts = [random.choice(list(dishes)) for _ in range(random.randint(1, 3))]
        deals.append({"dishes": parts, "saves": 10 * random.randint(1, 15)})
    menu = {"dishes": dishes, "extras": extras, "extra_price": random.choice([40, 55]), "deals": deals}

    def name():
        text = random.choice(list(dishes))
        for _ in range(random.choice([0, 0, 1, 2])):
            text += "+" + random.choice(["egg", "bread", "lime", "ham"])
        return text

    pick = random.random()
    if pick < 0.2:
        return {"call": "price_of", "args": [name(), menu]}
    if pick < 0.4:
        return {"call": "best_deal", "args": [{d: random.randint(0, 2) for d in dishes}, deals]}
    return {"call": "bill", "args": [[name() for _ in range(random.randint(0, 7))], menu]}
