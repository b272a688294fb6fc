"""Lay out rows of cells as an aligned plain-text table."""


def is_number(text):
    """True for an optional sign, digits and at most one point."""
    body = text[1:] if text[:1] in ("-", "+") else text
    return body.replace(".", "", 1).isdigit()


def column_widths(rows):
    """The widest cell in each column; short rows are allowed."""
    widths = []
    for row in rows:
        for index, cell in enumerate(row):
            if index == len(widths):
                widths.append(0)
            widths[index] = max(widths[index], len(cell))
    return widths


def format_table(header, rows, gap=2):
    """Header, a rule, then the rows; numbers are set to the right."""
    widths = column_widths([header] + rows)
    lines = []
    for number, row in enumerate([header] + rows):
        parts = []
        for index, width in enumerate(widths):
            cell = row[index] if index < len(row) else ""
            if number > 0 and is_number(cell):
                parts.append(cell.rjust(width))
            else:
                parts.append(cell.ljust(width))
        lines.append((" " * gap).join(parts).rstrip())
        if number == 0:
            lines.append("-" * (sum(widths) + gap * (len(widths) - 1)))
    return lines
