def inputs(random):
    bits = ["a", "b = 1;", "// note", "/* c */", "\n", '"// s"', "'q'", '"', "'", "\\", "/", "*", " ", "\n", "/*/ d */", "*/"]
    if random.random() < 0.06:
        bits.append("/*")
    return {"call": random.choice(["strip_comments", "strip_comments", "code_lines"]), "args": ["".join(random.choice(bits) for _ in range(random.randint(0, 14)))]}
