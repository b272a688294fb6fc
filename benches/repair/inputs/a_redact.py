def inputs(random):
    words = ["login", "user=bob", "password=abc", "Token=", "pin=1234", "joe@a.b", "mail=anna@x.org", "@home", "a@b", "a@b@c",
             "1234567812345678", "1234-5678-9012", "1234 5678 9012 34", "555", "x=1=2", "", "12345678901"]
    line = " ".join(random.choice(words) for _ in range(random.randint(0, 8)))
    if random.random() < 0.2:
        return {"call": "mask_digits", "args": [line]}
    if random.random() < 0.1:
        return {"call": "mask_email", "args": ["x" * random.randint(0, 6) + "@" + random.choice(["a.b", "x.org"])]}
    return {"call": "redact", "args": [line]}
