def inputs(random):
    words = ["Red", "blue", "Café", "it's", "R&D", "2024", "naïve", "--", "über", "a", "extraordinarily", "!!", "x_y"]

    def title():
        return random.choice([" ", "  ", "-"]).join(random.choice(words) for _ in range(random.randint(0, 8)))

    if random.random() < 0.5:
        return {"call": "make_slug", "args": [title(), random.randint(3, 30)]}
    few = [title() for _ in range(random.randint(1, 3))] + ["news"]
    return {"call": "unique_slugs", "args": [[random.choice(few) for _ in range(random.randint(0, 8))], random.choice([4, 10, 40])]}
