"""Pocket calculator that reads words from the right of a tape with named cells."""

import math


def need(stack, count, word):
    if len(stack) < count:
        raise IndexError(f"{word} needs {count} values")
    values = stack[len(stack) - count:]
    del stack[len(stack) - count:]
    return values


def calculate(line):
    """Run postfix words on a stack; return the stack and the named cells."""
    stack, cells = [], {}
    for word in line.lower().split():
        if word.startswith(">") and len(word) > 1:
            cells[word[1:]] = need(stack, 1, word)[0]
        elif word in cells:
            stack.append(cells[word])
        elif word in ("+", "-", "*"):
            left, right = need(stack, 2, word)
            if word == "+":
                stack.append(left + right)
            elif word == "-":
                stack.append(left - right)
            else:
                stack.append(left * right)
        elif word == "pct":
            base, percent = need(stack, 2, word)
            stack.append(base * percent / 100)
        elif word == "root":
            (value,) = need(stack, 1, word)
            stack.append(math.sqrt(value))
        elif word == "sum":
            stack[:] = [sum(stack)]
        elif word == "dup":
            stack.extend(need(stack, 1, word) * 2)
        elif word == "clear":
            stack.clear()
        else:
            stack.append(float(word) if "." in word else int(word))
    return {"stack": stack, "cells": cells}
