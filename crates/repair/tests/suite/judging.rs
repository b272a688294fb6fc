//! What counts as the value that a case expects.

use crate::support::succeeds;

/// A value, what JSON it is, and another that it is not.
const TABLE: &str = r#"
import collections, dataclasses, datetime, decimal, enum, itertools, sys

sys.path.insert(0, sys.argv[1])
from luthier_repair.judge import Unplain, nearness, plain, same


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Point:
    x: int
    y: tuple


class Opaque:
    def __init__(self):
        self.inside = 1


TABLE = [
    (None, None, False),
    (True, True, 1),
    (0, 0, False),
    (2, 2.0, 3),
    (0.1 + 0.2, 0.3, 0.31),
    (float("nan"), float("nan"), 0.0),
    (10**400, 10**400, 1.5),
    ("a", "a", "b"),
    ("1", "1", 1),
    ((1, (2,)), [1, [2]], [1, 2]),
    ([], [], None),
    ({3, 1, 2}, [1, 2, 3], [3, 1, 2]),
    ({2: "a", None: 2, True: 3}, {"2": "a", "null": 2, "true": 3}, {"2": "a"}),
    (collections.OrderedDict(b=1, a=2), {"a": 2, "b": 1}, {"a": 2}),
    (collections.deque([1]), [1], [2]),
    ((n * n for n in range(3)), [0, 1, 4], [0, 1]),
    (range(2), [0, 1], 2),
    ({"a": 1}.items(), [["a", 1]], {"a": 1}),
    (b"ab", [97, 98], "ab"),
    (decimal.Decimal("1.50"), "1.50", 1.5),
    (datetime.date(2024, 2, 29), "2024-02-29", "2024-03-01"),
    (Colour.RED, "red", "RED"),
    (Level.LOW, 1, "LOW"),
    (Point(1, (2, 3)), {"x": 1, "y": [2, 3]}, {"x": 1}),
    (Opaque(), {"": "Opaque", "inside": "1"}, "Opaque"),
    (len, "<builtin_function_or_method>", "len"),
]

for value, wanted, other in TABLE:
    shown = plain(value)
    assert same(shown, wanted), (value, shown, wanted)
    assert not same(shown, other), (value, shown, other)
    assert nearness(shown, wanted) == 1.0, (value, wanted)
    assert 0.0 <= nearness(shown, other) < 1.0, (value, other)

deep = []
for _ in range(60):
    deep = [deep]
for value in (itertools.count(), deep):
    try:
        plain(value)
    except Unplain:
        continue
    raise AssertionError(value)

assert nearness([1, 2, 3], [1, 2, 4]) > nearness([9, 9, 9], [1, 2, 4])
assert nearness("abcd", "abcx") > nearness("zzzz", "abcx")
assert nearness(5, 6) > nearness(5, 60)
"#;

#[test]
fn values_are_compared_as_json_has_them() {
    succeeds(TABLE);
}

/// Properties by what breaks them: examples, then a call that does and one that does not.
const PROPERTIES: &str = r#"
import sys

sys.path.insert(0, sys.argv[1])
from luthier_repair.properties import Properties

TABLE = [
    ([([[2, 1]], [1, 2]), ([[3, 1, 2]], [1, 2, 3]), ([[9, 8]], [8, 9])], ([[5, 4]], [5, 4]), ([[5, 4]], [4, 5])),
    ([(["ab"], "AB"), (["c"], "C"), (["de f"], "DE F")], (["xy"], "X"), (["xy"], "XY")),
    ([([3, 5], 2), ([5, 3], 2), ([1, 1], 0)], ([1, 9], -8), ([1, 9], 8)),
    ([(["b "], "b"), (["b"], "b"), (["a"], "a"), (["c"], "c")], (["a"], ""), (["a"], "a")),
    ([([1], "a"), ([2], "b"), ([3], "c")], ([4], None), ([4], "d")),
    ([([[1, 1]], [1]), ([[2, 1, 2]], [2, 1]), ([[3, 4, 4]], [3, 4]), ([[5, 0, 0]], [5, 0])], ([[6, 6]], [6, 6]), ([[6, 6]], [6])),
]
for examples, breaking, holding in TABLE:
    properties = Properties([("f", *example) for example in examples])
    assert properties.are_broken("f", *breaking), breaking
    assert not properties.are_broken("f", *holding), holding
    # Of few examples nothing is learned, and nothing of another function.
    assert not Properties([("f", *example) for example in examples[:2]]).are_broken("f", *breaking)
    assert not properties.are_broken("g", *breaking)
"#;

#[test]
fn what_holds_for_all_examples_can_be_broken() {
    succeeds(PROPERTIES);
}
