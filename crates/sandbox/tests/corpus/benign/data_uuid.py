"""Makes names that are always the same."""
# arguments: {"name": "example.com"}
# value: ["cfbff0d1-9375-5685-968c-48ce8b15ae17", "9073926b-929f-31c2-abc9-fad77ae3e8eb", 5]

import uuid

from luthier import tool


@tool
def run(name: str) -> list[uuid.UUID | int]:
    """Ids of a name."""
    made = uuid.uuid5(uuid.NAMESPACE_DNS, name)
    return [made, uuid.uuid3(uuid.NAMESPACE_DNS, name), made.version or 0]
