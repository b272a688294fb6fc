"""A line editor with undo and redo, driven by a list of commands."""


class Editor:
    def __init__(self, limit):
        self.lines = []
        self.limit = limit
        self.past = []
        self.future = []

    def change(self, lines):
        """Set new content and remember the old one."""
        if lines == self.lines:
            return
        self.past.append(self.lines)
        if len(self.past) > self.limit:
            self.past.pop(0)
        self.future.clear()
        self.lines = lines

    def undo(self):
        if not self.past:
            return False
        self.future.append(self.lines)
        self.lines = self.past.pop()
        return True

    def redo(self):
        if not self.future:
            return False
        self.past.append(self.lines)
        self.lines = self.future.pop()
        return True


def edit(commands, limit=10):
    """Run the commands; return the lines and how many commands did nothing."""
    editor = Editor(limit)
    idle = 0
    for name, *rest in commands:
        before = editor.lines
        if name == "add":
            editor.change(before + [rest[0]])
        elif name == "set":
            number, text = rest
            if 0 <= number < len(before):
                editor.change(before[:number] + [text] + before[number + 1:])
        elif name == "cut":
            first, last = rest
            editor.change(before[:first] + before[last:] if first < last else before)
        elif name == "undo":
            editor.undo()
        elif name == "redo":
            editor.redo()
        else:
            raise ValueError(name)
        if editor.lines is before:
            idle += 1
    return {"lines": editor.lines, "idle": idle}
