def inputs(random):
    words = ["the", "And", "of", "paper", "iPhone", "news:", "why?", '"trick"', "well-known", "a", "for", "42", "up-to-date", "TO", "sea,", "'in'"]
    if random.random() < 0.1:
        return {"call": "cap_word", "args": [random.choice(words)]}
    text = " ".join(random.choice(words) for _ in range(random.randint(0, 9)))
    return {"call": "headline", "args": [text.upper() if random.random() < 0.2 else text]}
