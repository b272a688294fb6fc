"""Rectangles [left, top, width, height] for the layout of a page."""


def overlap(first, second):
    """Return the common rectangle, or None if there is none."""
    left = max(first[0], second[0])
    top = max(first[1], second[1])
    right = min(first[0] + first[2], second[0] + second[2])
    bottom = min(first[1] + first[3], second[1] + second[3])
    if right <= left or bottom <= top:
        return None
    return [left, top, right - left, bottom - top]


def around_all(boxes):
    """Return the smallest rectangle that holds all boxes."""
    if not boxes:
        raise ValueError("no boxes")
    left = min(box[0] for box in boxes)
    top = min(box[1] for box in boxes)
    right = max(box[0] + box[2] for box in boxes)
    bottom = max(box[1] + box[3] for box in boxes)
    return [left, top, right - left, bottom - top]


def fit_inside(size, frame):
    """Scale a [width, height] down to the frame and centre it."""
    width, height = size
    left, top, room, tall = frame
    if width > room:
        height = height * room // width
        width = room
    if height > tall:
        width = width * tall // height
        height = tall
    return [left + (room - width) // 2, top + (tall - height) // 2, width, height]


def flow(sizes, width, gap):
    """Place sizes in lines from left to right, with a gap between them."""
    boxes = []
    x = y = line_height = 0
    for wide, tall in sizes:
        if x > 0 and x + wide > width:
            x = 0
            y += line_height + gap
            line_height = 0
        boxes.append([x, y, wide, tall])
        x += wide + gap
        line_height = max(line_height, tall)
    return boxes
