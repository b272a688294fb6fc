def inputs(random):
    words = ["the", "Cat", "cat's", "dog", "Dog", "and", "fig", "don't", "7", "of", "plum", "kiwi", "x"]
    text = random.choice([" ", ", ", " - "]).join(random.choice(words[:random.randint(3, 13)]) for _ in range(random.randint(0, 20)))
    if random.random() < 0.3:
        return {"call": "count_words", "args": [text, random.random() < 0.5]}
    return {"call": "top_words", "args": [text, random.randint(0, 6)]}
