"""Scan structured log lines with a small cursor class."""


class Cursor:
    """A position in a string with helpers to consume pieces of it."""

    def __init__(self, text):
        self.text = text
        self.pos = 0

    def done(self):
        return self.pos >= len(self.text)

    def skip_blanks(self):
        while not self.done() and self.text[self.pos] == " ":
            self.pos += 1

    def until(self, stops):
        """Text up to (not including) one of the stop characters."""
        start = self.pos
        while not self.done() and self.text[self.pos] not in stops:
            self.pos += 1
        return self.text[start:self.pos]

    def eat(self, char):
        if not self.done() and self.text[self.pos] == char:
            self.pos += 1
            return True
        return False


def parse_log(line):
    """Parse 'LEVEL [part] message k=v k="v w"' into a dict."""
    cursor = Cursor(line.strip())
    result = {"level": cursor.until(" ").upper(), "part": "", "fields": {}}
    words = []
    cursor.skip_blanks()
    if cursor.eat("["):
        result["part"] = cursor.until("]")
        if not cursor.eat("]"):
            raise ValueError("part not closed")
    while True:
        cursor.skip_blanks()
        if cursor.done():
            break
        word = cursor.until(" =")
        if word and cursor.eat("="):
            if cursor.eat('"'):
                result["fields"][word] = cursor.until('"')
                cursor.eat('"')
            else:
                result["fields"][word] = cursor.until(" ")
        else:
            words.append(word + cursor.until(" "))
    result["message"] = " ".join(words)
    return result
