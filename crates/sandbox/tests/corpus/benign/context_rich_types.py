"""Takes and returns more than JSON has."""
# arguments: {"when": "2024-05-06T07:08:09+00:00", "sum": "1.10", "id": "12345678-1234-5678-1234-567812345678"}
# value: {"day": "2024-05-06", "sum": "2.20", "id": "12345678-1234-5678-1234-567812345678", "took": "P0DT5400S", "marks": [1, 2, 3], "body": "AP8="}

import datetime
import uuid
from dataclasses import dataclass
from decimal import Decimal

from luthier import tool


@dataclass
class Receipt:
    day: datetime.date
    sum: Decimal
    id: uuid.UUID
    took: datetime.timedelta
    marks: set[int]
    body: bytes


@tool
def run(when: datetime.datetime, sum: Decimal, id: uuid.UUID) -> Receipt:
    """A receipt in types of the standard library."""
    return Receipt(when.date(), sum * 2, id, datetime.timedelta(minutes=90), {3, 1, 2}, b"\x00\xff")
