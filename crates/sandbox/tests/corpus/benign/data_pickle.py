"""Copies objects by pickling them."""
# value: [true, true, false, true]

import copy
import pickle

from luthier import tool


@tool
def run() -> list[bool]:
    """What is equal, and what is the same."""
    inner = [1, 2]
    value = {"a": inner, "b": inner, "c": {3, 4}}
    pickled, deep, flat = pickle.loads(pickle.dumps(value)), copy.deepcopy(value), copy.copy(value)
    return [pickled == value, pickled["a"] is pickled["b"], deep["a"] is inner, flat["a"] is inner]
