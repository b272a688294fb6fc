def inputs(random):
    values = [str(v) for v in range(2, 11)] + ["J", "Q", "K", "A"]
    if random.random() < 0.12:
        return {"call": "longest_run", "args": [[random.randint(1, 13) for _ in range(random.randint(0, 9))]]}
    roll = random.random()
    suits = "H" if roll < 0.2 else "CDHS"
    pool = values if roll < 0.45 else random.sample(values, 3) if roll < 0.65 else values[:5]
    deck = [s + v for s in suits for v in pool]
    cards = random.sample(deck, min(len(deck), random.choice([0, 1, 2, 3, 4, 5, 7])))
    if cards and random.random() < 0.05:
        cards.append(random.choice([cards[0], "Z3", "H15"]))
    if random.random() < 0.2:
        cards = [c.lower() for c in cards]
    return {"call": "rank_hand", "args": [cards]}
