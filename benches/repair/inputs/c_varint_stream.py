def inputs(random):
    def number():
        return random.choice([random.randint(-3, 3), random.randint(-70, 70), random.randint(-20000, 20000),
                              random.randint(-2**40, 2**40), 64, -64, -65, 8191, 8192])
    n = random.choice([0, 1, 2, 5, 12])
    if random.random() < 0.45:
        return {"call": "encode", "args": [[number() for _ in range(n)]]}
    data = bytearray()
    for _ in range(n):
        v = number()
        v = -2 * v - 1 if v < 0 else 2 * v
        while v > 127:
            data.append(v & 127 | 128)
            v >>= 7
        data.append(v)
    roll = random.random()
    if roll < 0.05:
        data += b"\x80"
    elif roll < 0.1:
        data += b"\x81\x00"
    elif roll < 0.13:
        data += b"\xff" * 11
    return {"call": "decode", "args": [data.hex()]}
