def inputs(random):
    number = random.choice([0, 1, 12, 20, 100, 101, 1000, 1000000, random.randint(0, 99), random.randint(100, 9999), random.randint(0, 10 ** random.randint(3, 9) - 1)])
    if random.random() < 0.4:
        return {"call": "number_words", "args": [number]}
    return {"call": "cheque_words", "args": [number * 100 + random.choice([0, 0, 1, 50, random.randint(0, 99)]), random.choice(["pound", "dollar", "euro"])]}
